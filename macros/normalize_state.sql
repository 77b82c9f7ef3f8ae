{#- A state as its two letters (seed states), from its letters or its name; null for neither. -#}
{% macro normalize_state(state) -%}
    case {{ normalize_name(state) }}
        {%- for spelling, code in state_codes().items() %}
        when '{{ spelling }}' then '{{ code }}'
        {%- endfor %}
    end
{%- endmacro %}

{#- Every spelling, letters only and in lower case as normalize_name leaves them, and its code. -#}
{% macro state_codes() %}
    {%- set codes = {'ny': 'NY'} -%}
    {%- for row in seed_rows('states', 'code, name') -%}
        {%- do codes.update({
            row['code'] | lower: row['code'],
            modules.re.sub('[^a-z0-9]', '', row['name'] | lower): row['code'],
        }) -%}
    {%- endfor -%}
    {{ return(codes) }}
{% endmacro %}
