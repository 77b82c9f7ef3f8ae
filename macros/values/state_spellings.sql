{#- Every spelling of a state (seed states), its two letters among them, and its code: for a join with
    normalize_name(state). -#}
{% macro state_spellings() -%}
select
        {{ normalize_name('name') }} as spelling,
        code,
    from {{ ref('states') }}
    union distinct
    select
        lower(code) as spelling,
        code,
    from {{ ref('states') }}
{%- endmacro %}
