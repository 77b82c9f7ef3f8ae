{#- The columns of a source in which replication, or the program itself, marks rows as deleted: the
    ones that the setting names, or (auto) those that go by a name which loaders use. None where the
    setting is empty. -#}
{% macro deletion_columns(relation, present, setting_name) %}
    {%- set wanted = setting(setting_name) if setting_name else 'auto' -%}
    {%- set is_named = wanted | lower != 'auto' -%}
    {%- set names = wanted.split(',') if is_named else [
        '_fivetran_deleted', '_ab_cdc_deleted_at', '_sdc_deleted_at', '_airbyte_deleted_at',
        '__deleted', 'is_deleted', 'is_delete', 'deleted_at', 'deleted_on', 'deleted_date',
        'date_deleted', 'deleted_time', 'deleted_datetime', 'deleted_timestamp', 'deleted_ts',
        'deleted_flag', 'delete_flag', 'soft_deleted', 'is_soft_deleted', 'soft_deleted_at',
        'hard_deleted', 'row_deleted', 'record_deleted', '_peerdb_is_deleted',
        '__hevo__marked_deleted', 'dbt_is_deleted', '_rivery_deleted', '_change_type',
        'header__change_oper', 'cdc_operation', '__op',
    ] -%}
    {%- set found = [] -%}
    {%- for name in names if name | trim -%}
        {%- set column = find_column(present, name | trim) -%}
        {%- if column is not none -%}
            {%- if column not in found and (is_named or is_deletion_readable(column)) -%}
                {%- do found.append(column) -%}
            {%- endif -%}
        {%- elif is_named and present -%}
            {{ exceptions.raise_compiler_error(
                'Setting ' ~ setting_name ~ ' names ' ~ name | trim ~ ', which '
                ~ relation.render() ~ ' does not have.'
            ) }}
        {%- endif -%}
    {%- endfor -%}
    {{ return(found) }}
{% endmacro %}

{% macro is_deletion_readable(column) %}
    {{ return(column_type(column) in (
        'BOOL', 'INT64', 'NUMERIC', 'BIGNUMERIC', 'FLOAT64', 'STRING', 'DATE', 'DATETIME', 'TIMESTAMP'
    )) }}
{% endmacro %}
