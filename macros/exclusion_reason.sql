{#- Why a mapped row is there and does not count; null for one that does. Reads `excluded`, the keys
    of the clinic's own rule, beside the mapped row. Of somebody who is on the suppression list, only
    this is known (see source_as_text). -#}
{% macro exclusion_reason() -%}
    case
            when starts_with(row_hash, 'suppressed:') then 'suppressed'
            when is_deleted_in_source then 'deleted_in_source'
            when is_test_chart then 'test_chart'
            when excluded.natural_key is not null then 'excluded_by_rule'
        end
{%- endmacro %}
