{#- Makes and migrates the control tables. Safe to repeat and cheap: a warehouse that is up to date
    costs the look at each table and one query. Nothing here ever drops a row that says something (a
    snapshot is taken anew by every run); tables of the older schema gain columns and keep their
    rows (see migrate_control_tables). -#}
{% macro create_control_tables() %}
    {%- if not execute -%}{{ return('') }}{%- endif -%}
    {%- set relations = {} -%}
    {%- set creates = [] -%}
    {%- for name, table in control_tables().items() -%}
        {%- set relation = control_relation(name, table.get('setting')) -%}
        {%- do relations.update({name: relation}) -%}
        {%- set present = adapter.get_columns_in_relation(relation)
            | map(attribute='name') | map('lower') | list -%}
        {%- if present | length == 0 -%}
            {%- do adapter.create_schema(relation) -%}
            {%- do creates.append(create_control_table(relation, table)) -%}
        {%- elif table.get('is_replaced') and is_laid_out_otherwise(relation, table['design']) -%}
            {%- do adapter.drop_relation(relation) -%}
            {%- do creates.append(create_control_table(relation, table)) -%}
        {%- else -%}
            {%- do add_missing_columns(relation, table, present) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- if creates -%}
        {%- do run_query(creates | join(';\n')) -%}
    {%- endif -%}
    {%- do migrate_control_tables(relations) -%}
    {{ return('') }}
{% endmacro %}

{#- Where a control table lies: in our dataset, or where its setting says. -#}
{% macro control_relation(name, full_name_setting=none) %}
    {%- set path = [target.database, target.schema, name] -%}
    {%- if full_name_setting -%}
        {%- set path = setting(full_name_setting).rsplit('.', 2) -%}
    {%- endif -%}
    {{ return(api.Relation.create(
        database=path[0], schema=path[1], identifier=path[2], type='table'
    )) }}
{% endmacro %}

{% macro create_control_table(relation, table) %}
    create table if not exists {{ relation }} (
        {%- for column, type in table['columns'].items() %}
        {{ column }} {{ type }}{{ ',' if not loop.last }}
        {%- endfor %}
    )
    {{ table['design'] }}
{% endmacro %}

{#- True where BigQuery would refuse to replace a table, as its clustering is not of the design. The
    emulator keeps none. -#}
{% macro is_laid_out_otherwise(relation, design) %}
    {%- set columns = design.replace('cluster by ', '').split(', ') -%}
    {{ return(target.name != 'local' and not adapter.is_replaceable(relation, none, columns)) }}
{% endmacro %}

{#- One change of the table, however many columns it lacks: BigQuery allows five in ten seconds. -#}
{% macro add_missing_columns(relation, table, present) %}
    {%- set missing = {} -%}
    {%- for column, type in table['columns'].items() if column not in present -%}
        {%- do missing.update({column: type}) -%}
    {%- endfor -%}
    {%- if missing and target.name == 'local' -%}
        {#- The emulator's catalogue does not notice an `alter table`. -#}
        {%- do run_query(rebuilt_with_columns(relation, missing, table['design'])) -%}
    {%- elif missing -%}
        {%- do run_query(added_columns(relation, missing)) -%}
    {%- endif -%}
{% endmacro %}

{% macro added_columns(relation, missing) %}
    alter table {{ relation }}
    {%- for column, type in missing.items() %}
    add column {{ column }} {{ type }}{{ ',' if not loop.last }}
    {%- endfor %}
{% endmacro %}

{% macro rebuilt_with_columns(relation, missing, design) %}
    {%- set grown = relation.incorporate(path={'identifier': relation.identifier ~ '__grown'}) %}
    create or replace table {{ grown }} as
    select
        existing.*,
        {%- for column, type in missing.items() %}
        cast(null as {{ type }}) as {{ column }},
        {%- endfor %}
    from {{ relation }} as existing;
    drop table {{ relation }};
    create table {{ relation }}
    {{ design }}
    as select * from {{ grown }};
    drop table {{ grown }}
{% endmacro %}
