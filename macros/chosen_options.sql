{#- Records whose properties with options hold an option's value, whatever spelling of it the source
    has (model property_options): CTEs that end in `chosen`, to follow on the CTE `records`. What is no
    option is left out, clears nothing and is warned of. Of several, between semicolons, all have to be
    options: half a list would say something else. Where no option is known yet, HubSpot's answer is told. -#}
{% macro chosen_options(entity, records, rows) -%}
options as (
    select * from {{ ref('property_options') }}
    where entity = '{{ entity }}'
),
    {% for row in rows %}
{{ 'choices_' ~ row['property'] }} as (
    select
        said,
        string_agg(if(list.known = 0, answer, options.value), ';' order by position) as choice,
    from (select distinct cast({{ row['property'] }} as string) as said from {{ records }}) as answers
    cross join unnest(
        {{ "split(said, ';')" if row['field_type'] == 'checkbox' else '[said]' }}
    ) as answer with offset as position
    cross join (
        select count(*) as known from options where property = '{{ row["name"] }}'
    ) as list
    left join options
        on {{ option_spelling('answer') }} = options.spelling
        and options.property = '{{ row["name"] }}'
    where said is not null
    group by said
    having countif(list.known > 0 and options.value is null) = 0
),
    {% endfor %}
chosen as (
    select
        {{ records }}.* replace (
            {%- for row in rows %}
            choices_{{ row['property'] }}.choice as {{ row['property'] }},
            {%- endfor %}
            concat(
                skipped_columns
                {%- for row in rows %},
                if(
                    {{ records }}.{{ row['property'] }} is not null
                    and choices_{{ row['property'] }}.choice is null,
                    ',{{ row["source_column"] or row["property"] }},',
                    ''
                )
                {%- endfor %}
            ) as skipped_columns,
            array_concat(
                warnings
                {%- for row in rows %},
                if(
                    {{ records }}.{{ row['property'] }} is not null
                    and choices_{{ row['property'] }}.choice is null,
                    ['no_option:{{ row["name"] }}'],
                    []
                )
                {%- endfor %}
            ) as warnings
        ),
    from {{ records }}
    {%- for row in rows %}
    left join choices_{{ row['property'] }}
        on cast({{ records }}.{{ row['property'] }} as string) = choices_{{ row['property'] }}.said
    {%- endfor %}
),
{%- endmacro %}

{#- The catalogue's rows that have options which a mapped value has to be one of: a flag where it is
    text. `ref` is called for the sake of the order of nodes alone. -#}
{% macro rows_with_options(entity, mapping, protected_setting) %}
    {%- if not execute -%}{%- do ref('property_options') -%}{%- endif -%}
    {%- set columns = adapter.get_columns_in_relation(mapping) if execute else [] -%}
    {%- set found = [] -%}
    {%- for row in catalogue_rows(entity, protected_setting) -%}
        {%- set column = columns | selectattr('name', 'equalto', row['property']) | first -%}
        {%- if row['type'] == 'enumeration'
            or (row['type'] == 'bool' and column is defined and column_type(column) == 'STRING') -%}
            {%- do found.append(row) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(found) }}
{% endmacro %}
