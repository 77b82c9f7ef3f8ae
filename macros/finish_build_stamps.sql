{#- Notes how a build ended, entity by entity. Passed means that everything upstream of the outbox
    was built in this invocation, that every data test on it was part of it and passed, and that
    nothing failed that the entity has a share in. Shared failures fail every entity. A build of the
    target dev may be a branch's: it never counts. -#}
{% macro finish_build_stamps(results) %}
    {%- if not execute or flags.WHICH != 'build' -%}{{ return('') }}{%- endif -%}
    {%- set entities = entity_nodes() -%}
    {%- set good = [] -%}
    {%- set bad = [] -%}
    {%- for result in results -%}
        {%- if result.status in ('success', 'pass', 'warn', 'no-op') -%}
            {%- do good.append(result.node.unique_id) -%}
        {%- elif result.node.resource_type != 'operation' -%}
            {%- do bad.append(result.node) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- set problems = build_problems(results) -%}
    {%- set ends = [] -%}
    {%- for entity, nodes in entities.items() if nodes['outbox'] in selected_resources -%}
        {%- set left_out = nodes['required'] | reject('in', selected_resources) | list -%}
        {%- set unfinished = nodes['required'] | reject('in', good) | list -%}
        {%- set failures = [] -%}
        {%- set found = [] -%}
        {%- for node in bad if has_share(entity, entities, node) -%}
            {%- do failures.append(node.unique_id) -%}
            {%- if node.unique_id in problems -%}
                {%- do found.append(problems[node.unique_id]) -%}
            {%- endif -%}
        {%- endfor -%}
        {%- if left_out and not failures -%}
            {%- do log(
                'The build of ' ~ entity ~ ' left out ' ~ left_out | length ~ ' of its nodes, '
                ~ left_out[0] ~ ' among them: it does not count as passed.', info=true
            ) -%}
        {%- endif -%}
        {%- if target.name == branch_target() -%}
            {%- do found.append('it was of target ' ~ target.name ~ ', which may be a branch') -%}
        {%- endif -%}
        {%- do ends.append(build_end(
            entity, nodes, build_status(target.name, failures or unfinished), found | join('; ')
        )) -%}
    {%- endfor -%}
    {%- if not ends -%}{{ return('') }}{%- endif -%}
    merge into {{ control_relation('reverse_etl_builds') }} as builds
    using (
        select
            ends.*,
            if(
                last_passed.content_hash = ends.content_hash,
                last_passed.content_changed_at,
                current_timestamp()
            ) as content_changed_at
        from (
            {{ ends | join('\n            union all\n            ') }}
        ) as ends
        left join (
            select *
            from {{ control_relation('reverse_etl_builds') }}
            where status = 'passed'
            qualify row_number() over (
                partition by entity order by started_at desc, invocation_id
            ) = 1
        ) as last_passed
            on ends.entity = last_passed.entity
    ) as ends
    on builds.invocation_id = '{{ invocation_id }}'
        and builds.entity = ends.entity
    when matched then update set
        status = ends.status,
        finished_at = current_timestamp(),
        problems = ends.problems,
        high_watermark = ends.high_watermark,
        source_rows = ends.source_rows,
        source_keys = ends.source_keys,
        repeated_keys = ends.repeated_keys,
        source_columns = ends.source_columns,
        is_full_read = ends.is_full_read,
        content_hash = ends.content_hash,
        content_changed_at = if(ends.status = 'passed', ends.content_changed_at, null),
        -- A source time in the future would hide that nothing comes any more.
        source_fresh_at = if(
            ends.status != 'passed' or ends.high_watermark <= current_timestamp(),
            ends.high_watermark,
            ends.content_changed_at
        ),
        stale_after_hours = ends.stale_after_hours
{% endmacro %}

{#- How a build ended, by its target and what of it failed. -#}
{% macro build_status(target_name, failures) -%}
    {{ 'failed' if failures or target_name == branch_target() else 'passed' }}
{%- endmacro %}

{#- The target that people try changes with. -#}
{% macro branch_target() -%} dev {%- endmacro %}

{#- Whether a node that failed matters to an entity: it does unless all that it stands on, or all
    that it is, belongs to other entities alone. -#}
{% macro has_share(entity, entities, node) %}
    {%- set upstream = [node.unique_id] -%}
    {%- for parent in node.depends_on.nodes if parent in graph.nodes -%}
        {%- do upstream.extend(ancestors(parent)) -%}
    {%- endfor -%}
    {%- set owners = [] -%}
    {%- for name, nodes in entities.items() -%}
        {%- if upstream | select('in', nodes['exclusive']) | list -%}
            {%- do owners.append(name) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(not owners or entity in owners) }}
{% endmacro %}

{#- The last state of one entity's stamp. What was read is noted only where the build passed. -#}
{% macro build_end(entity, nodes, status, problems) %}
    {%- set captured = namespace(relation=none, stale_hours=0) -%}
    {%- for id in nodes['exclusive'] if graph.nodes[id].config.meta.get('captures_source') -%}
        {%- set node = graph.nodes[id] -%}
        {%- if node.config.meta.get('stale_hours_setting') -%}
            {%- set captured.stale_hours = setting(node.config.meta['stale_hours_setting']) -%}
        {%- endif -%}
        {%- set captured.relation = api.Relation.create(
            database=node.database, schema=node.schema, identifier=node.alias
        ) -%}
    {%- endfor -%}
    {%- set statement -%}
        {%- if status == 'passed' and captured.relation is not none -%}
            select
                '{{ entity }}' as entity,
                '{{ status }}' as status,
                cast(null as string) as problems,
                max(source_updated_at) as high_watermark,
                coalesce(sum(source_rows), 0) as source_rows,
                countif(not coalesce(is_deleted, false)) as source_keys,
                countif(latest_rows > 1) as repeated_keys,
                max(source_columns) as source_columns,
                coalesce(logical_and(read_by = '{{ invocation_id }}'), true) as is_full_read,
                cast(bit_xor(farm_fingerprint(
                    concat(source_key, row_hash, cast(coalesce(is_deleted, false) as string))
                )) as string) as content_hash,
                {{ captured.stale_hours }} as stale_after_hours
            from {{ captured.relation }}
        {%- else -%}
            select
                '{{ entity }}' as entity,
                '{{ status }}' as status,
                nullif({{ sql_text(problems) }}, '') as problems,
                cast(null as timestamp) as high_watermark,
                cast(null as int64) as source_rows,
                cast(null as int64) as source_keys,
                cast(null as int64) as repeated_keys,
                cast(null as string) as source_columns,
                cast(null as bool) as is_full_read,
                cast(null as string) as content_hash,
                cast(null as int64) as stale_after_hours
        {%- endif -%}
    {%- endset -%}
    {{ return(statement) }}
{% endmacro %}
