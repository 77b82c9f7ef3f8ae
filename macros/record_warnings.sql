{#- What a record's own row has to say, by source column and never with a value. An absent column
    is worth a word only where the catalogue does not call its property optional. -#}
{% macro record_warnings(entity, protected_setting=none) -%}
    {%- set expected = [] -%}
    {%- for row in catalogue_rows(entity, protected_setting)
        if row['source_column'] and not row['optional'] and row['source_column'] not in expected -%}
        {%- do expected.append(row['source_column']) -%}
    {%- endfor -%}
    array_concat(
        array(
            select concat('absent:', column_name)
            from unnest(absent_columns) as column_name
            where column_name in ('{{ expected | join("', '") }}')
        ),
        array(
            select concat('unreadable:', column_name)
            from unnest(unreadable_columns) as column_name
        )
    )
{%- endmacro %}
