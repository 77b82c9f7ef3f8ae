{#- A source table with every column as one canonical text, whatever its type: the body of an
    `_as_text` model. `columns` is alias → source column, `key` one of the aliases. A column that
    the source lacks is null and named in absent_columns, so that it is never taken for a blank;
    in missing_columns too, unless it is an optional one. Both lists begin and end with a comma.
    A row that is marked as deleted (`deleted_setting`, see deletion_columns) is of the time of its
    deletion, where that is known and later. Of a row that names somebody on the suppression list, by
    one of `persons` (entity → alias), only its hash is read on. -#}
{% macro source_as_text(
    relation, key, updated_at_setting, columns, optional_columns, deleted_setting=none,
    other_keys=[], persons={}
) %}
    {%- set expected_columns = columns -%}
    {%- set columns = dict(columns, **optional_columns) -%}
    {%- set present = adapter.get_columns_in_relation(relation) if execute else [] -%}
    {%- set updated_at = setting(updated_at_setting) -%}
    {%- set updated_at_column = find_column(present, updated_at) if updated_at else none -%}
    {%- set deletions = deletion_columns(relation, present, deleted_setting) -%}
    {%- set described = describe_source(
        relation, present, columns, expected_columns, columns[key],
        deletions + ([updated_at_column] if updated_at_column is not none else [])
    ) -%}
with timed_rows as (
    select
        *,
        {%- for column in (deletions + [updated_at_column]) if column is not none and column_type(column) == 'STRING' %}
        {{ iso_text(column) }} as {{ iso_text_name(column) }},
        {%- endfor %}
    from {{ relation }}
),

source_rows as (
    select
        {%- for alias, name in columns.items() %}
        {%- set column = find_column(present, name) %}
        {{ as_text(column) if column is not none else 'cast(null as string)' }} as {{ alias }},
        {%- endfor %}
        {{ as_instant(updated_at_column) }} as changed_at,
        {% for column in deletions -%}
        {{ says_deleted(column) }}
        {{ 'or ' if not loop.last }}
        {%- else -%}
        false
        {%- endfor %} as is_deleted,
        {{ deletion_time(deletions) if deletions else 'cast(null as timestamp)' }} as deleted_at,
    from timed_rows
),

keyed as (
    select
        *,
        {{ key_from_text(key, find_column(present, columns[key])) }} as natural_key,
    from source_rows
),

-- Two spellings of a key make no other row of it.
hashed as (
    select
        *,
        to_hex(sha256(to_json_string(struct(
            {%- for alias in columns %}
            {{ 'coalesce(natural_key, ' ~ alias ~ ') as ' if alias == key
                else normalize_key(alias) ~ ' as ' if alias in other_keys }}{{ alias }}{{ ',' if not loop.last }}
            {%- endfor %}
        )))) as row_hash,
    from keyed
),

{{ suppressed_rows('hashed', persons) }},

final as (
    select
        case
            when suppressed_by is not null then suppressed_by
            when natural_key is not null then concat('key:', natural_key)
            else concat('row:', row_hash)
        end as source_key,
        if(suppressed_by is null, natural_key, null) as natural_key,
        coalesce(suppressed_by, row_hash) as row_hash,
        {%- for alias in columns %}
        if(suppressed_by is null, {{ alias }}, null) as {{ alias }},
        {%- endfor %}
        if(is_deleted and deleted_at > changed_at, deleted_at, changed_at) as source_updated_at,
        is_deleted,
        '{{ described.columns }}' as source_columns,
        '{{ described.absent }}' as absent_columns,
        '{{ described.missing }}' as missing_columns,
    from suppressed
)

select * from final
{% endmacro %}

{#- Which columns the relation has, with their types, and which it lacks. -#}
{% macro describe_source(relation, present, columns, expected_columns, key_column, more_columns) %}
    {%- set had = [] -%}
    {%- set absent = [] -%}
    {%- set missing = [] -%}
    {%- for name in columns.values() -%}
        {%- set column = find_column(present, name) -%}
        {%- if column is none -%}
            {%- do absent.append(name) -%}
            {%- if name in expected_columns.values() -%}{%- do missing.append(name) -%}{%- endif -%}
        {%- else -%}
            {%- do had.append(name ~ ':' ~ column_type(column)) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- for column in more_columns -%}
        {%- do had.append(column.name ~ ':' ~ column_type(column)) -%}
    {%- endfor -%}
    {%- if execute and key_column in absent -%}
        {{ exceptions.raise_compiler_error(
            'Source table ' ~ relation.render() ~ ' was not found, or has no column ' ~ key_column
            ~ '. Its name is a setting.'
        ) }}
    {%- endif -%}
    {{ return({
        'columns': had | join(','),
        'absent': ',' ~ absent | join(',') ~ ',',
        'missing': ',' ~ missing | join(',') ~ ',',
    }) }}
{% endmacro %}

{#- A column that says when a row changed as an instant; null where there is none. Of text, what
    programs write: ISO, or US with two digits each. -#}
{% macro as_instant(column) -%}
    {%- if column is none -%}
        cast(null as timestamp)
    {%- elif column_type(column) == 'TIMESTAMP' -%}
        `{{ column.name }}`
    {%- elif column_type(column) == 'DATETIME' -%}
        {{ new_york_instant('`' ~ column.name ~ '`') }}
    {%- elif column_type(column) in ('INT64', 'NUMERIC', 'BIGNUMERIC', 'FLOAT64') -%}
        timestamp_millis(safe_cast({{ as_text(column) }} as int64))
    {%- elif column_type(column) == 'STRING' -%}
        {{ read_instant(iso_text_name(column)) }}
    {%- else -%}
        {{ read_instant(as_text(column)) }}
    {%- endif -%}
{%- endmacro %}

{#- The text of a time in the form that read_instant reads. A step of its own: Google's analyser gives
    up on calls that are nested two dozen deep. -#}
{% macro iso_text(column) -%}
    {{ rewritten(trim_text('`' ~ column.name ~ '`'), [
            ['^(\\d\\d)/(\\d\\d)/(\\d{4})', '\\3-\\1-\\2'],
            ['^(\\S{10})T', '\\1 '],
            ['^(\\S{10} \\d\\d:\\d\\d)($|[Zz+ -])', '\\1:00\\2'],
            ['(\\.\\d{6})\\d+', '\\1'],
            [' ?(?:[Zz]|UTC)$', '+00'],
            ['([+-]\\d\\d)(\\d\\d)$', '\\1:\\2'],
        ]) }}
{%- endmacro %}

{% macro iso_text_name(column) -%}
    time_of_{{ modules.re.sub('[^A-Za-z0-9_]', '_', column.name) }}
{%- endmacro %}

{#- The natural key out of its text. A float column that says infinity has no key to say. -#}
{% macro key_from_text(key, column) -%}
    {%- if column is not none and column_type(column) == 'FLOAT64' -%}
        if({{ key }} in ('inf', '-inf'), null, {{ normalize_key(key) }})
    {%- else -%}
        {{ normalize_key(key) }}
    {%- endif -%}
{%- endmacro %}
