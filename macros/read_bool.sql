{#- Text as a flag: true, t, yes, y, 1 and their opposites; null for everything else. -#}
{% macro read_bool(text) -%}
    case
        when lower({{ text }}) in ('true', 't', 'yes', 'y', '1', '1.0') then true
        when lower({{ text }}) in ('false', 'f', 'no', 'n', '0', '0.0') then false
    end
{%- endmacro %}
