{#- The column of a relation that goes by a name, or none. `Patient Name`, Patient_Name and
    PATIENTNAME are one name; the exact spelling wins where there are several. -#}
{% macro find_column(relation_columns, name) %}
    {%- set wanted = modules.re.sub('[^a-z0-9]', '', name | lower) -%}
    {%- set found = namespace(column=none) -%}
    {%- for column in relation_columns -%}
        {%- if column.name == name -%}
            {{ return(column) }}
        {%- elif found.column is none
            and modules.re.sub('[^a-z0-9]', '', column.name | lower) == wanted -%}
            {%- set found.column = column -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(found.column) }}
{% endmacro %}
