{#- Brings rows of the older schema into the form of the new one, and makes the rows that must be
    there (salt, lease). Looks first, and writes only where there is something to do. -#}
{% macro migrate_control_tables(relations) %}
    {%- set id_map = relations['hubspot_id_map'] -%}
    {%- set dead_letters = relations['reverse_etl_dlq'] -%}
    {%- set salt = relations['reverse_etl_salt'] -%}
    {%- set lease = relations['reverse_etl_lease'] -%}
    {%- set look %}
        select
            (select count(*) from {{ salt }}) as salts,
            (select count(*) from {{ lease }}) as leases,
            (select countif(id_map.entity is null) from {{ id_map }} as id_map) as old_map_rows,
            (
                select countif(payload is not null or error is not null or reason is null)
                from {{ dead_letters }}
            ) as old_dead_letters
    {% endset -%}
    {%- set found = run_query(look).rows[0] -%}
    {%- set statements = [] -%}
    {%- if found['salts'] == 0 -%}
        {%- set add_salt %}
            insert into {{ salt }} (salt)
            select to_hex(sha256(concat(generate_uuid(), generate_uuid(), generate_uuid()))) as salt
            from unnest([1]) as one
            where not exists (select 1 from {{ salt }})
        {% endset -%}
        {%- do statements.append(add_salt) -%}
    {%- endif -%}
    {%- if found['leases'] == 0 -%}
        {%- set add_lease %}
            insert into {{ lease }} (lease_name)
            select 'pusher' as lease_name
            from unnest([1]) as one
            where not exists (select 1 from {{ lease }})
        {% endset -%}
        {%- do statements.append(add_lease) -%}
    {%- endif -%}
    {%- if found['old_map_rows'] > 0 -%}
        {%- do statements.append(migrate_id_map(id_map, salt)) -%}
    {%- endif -%}
    {%- if found['old_dead_letters'] > 0 -%}
        {%- do statements.append(migrate_dead_letters(dead_letters, salt)) -%}
    {%- endif -%}
    {%- if statements -%}
        {%- do run_query(statements | join(';\n')) -%}
    {%- endif -%}
{% endmacro %}

{#- Old object types are folded to the entity and old keys pass the key normaliser. Rows that then
    say the same key are one: the newest counts, and a row of the new schema counts before an old
    one. One statement, so that a killed build leaves the map as it was or as it should be. -#}
{% macro migrate_id_map(id_map, salt) %}
    merge into {{ id_map }} as id_map
    using (
        with legacy as (
            select
                case
                    when lower(hubspot_object_type) in ('contacts', 'contact', '0-1', 'patients')
                        then 'patients'
                    when
                        regexp_contains(lower(hubspot_object_type), r'^(p[0-9]*_rois?|2-[0-9]+|rois?)$')
                        or hubspot_object_type = '{{ setting("ROI_OBJECT_TYPE") }}'
                        then 'rois'
                    else coalesce(hubspot_object_type, 'unknown')
                end as entity,
                hubspot_object_type,
                coalesce({{ normalize_key('natural_key') }}, '') as natural_key,
                hubspot_id,
                updated_at,
            from {{ id_map }}
            where entity is null
        ),

        newest as (
            select legacy.*
            from legacy
            left join (select entity, natural_key from {{ id_map }} where entity is not null) as known
                on legacy.entity = known.entity
                and legacy.natural_key = known.natural_key
            where known.entity is null
            qualify row_number() over (
                partition by legacy.entity, legacy.natural_key
                order by legacy.updated_at desc, legacy.hubspot_id desc
            ) = 1
        )

        select
            newest.*,
            {{ record_ref('salt.salt', 'newest.entity', 'newest.natural_key') }} as record_ref,
        from newest
        cross join (select min(salt) as salt from {{ salt }}) as salt
    ) as legacy
    on false
    when not matched by target then
        insert (entity, hubspot_object_type, natural_key, hubspot_id, updated_at, record_ref)
        values (
            legacy.entity, legacy.hubspot_object_type, legacy.natural_key, legacy.hubspot_id,
            legacy.updated_at, legacy.record_ref
        )
    when not matched by source and id_map.entity is null then delete
{% endmacro %}

{#- Old dead letters held whole payloads and error texts: patient data. They lose both. -#}
{% macro migrate_dead_letters(dead_letters, salt) %}
    update {{ dead_letters }}
    set
        payload = null,
        error = null,
        reason = coalesce(reason, 'legacy'),
        natural_key = {{ normalize_key('natural_key') }},
        record_ref = coalesce(
            record_ref,
            {{ record_ref(
                '(select min(salt) from ' ~ salt ~ ')',
                "coalesce(job_type, '')",
                'coalesce(' ~ normalize_key('natural_key') ~ ", '')"
            ) }}
        ),
        first_seen_at = coalesce(first_seen_at, ts),
        last_seen_at = coalesce(last_seen_at, ts)
    where payload is not null or error is not null or reason is null
{% endmacro %}
