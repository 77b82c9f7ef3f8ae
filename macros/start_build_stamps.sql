{#- Notes that a build of an entity has begun. The pusher takes an entity only where its newest stamp
    says passed, so a build that is killed from here on stays "running" and holds it back. -#}
{% macro start_build_stamps() %}
    {%- if not execute or flags.WHICH != 'build' -%}{{ return('') }}{%- endif -%}
    {%- set rows = [] -%}
    {%- for entity, nodes in entity_nodes().items() if nodes['outbox'] in selected_resources -%}
        {%- set row -%}
            (
                '{{ invocation_id }}', '{{ entity }}', 'running', '{{ target.name }}',
                {{ sql_text(invocation_args_dict.get('invocation_command', 'dbt build')) }},
                current_timestamp(), {{ sql_text(settings_json()) }}
            )
        {%- endset -%}
        {%- do rows.append(row) -%}
    {%- endfor -%}
    {%- if not rows -%}{{ return('') }}{%- endif -%}
    insert into {{ control_relation('reverse_etl_builds') }}
        (invocation_id, entity, status, target, command, started_at, settings)
    values {{ rows | join(', ') }}
{% endmacro %}

{#- A text as an SQL literal. -#}
{% macro sql_text(text) %}
    {{ return("'" ~ text.replace('\\', '\\\\').replace("'", "\\'").replace('\n', '\\n') ~ "'") }}
{% endmacro %}
