{#- The statement that makes contacts of merged charts the new chart's, for the rows of amd_merges that
    the condition names: the id map's row of the old key is closed and one of the new key opened, in
    one statement. The contact that carries the old key counts as the new patient's from then on, and
    the next push writes the new key. -#}
{% macro rekey_merged_charts(condition) -%}
merge into {{ source('control', 'hubspot_id_map') }} as id_map
using (
    select
        merges.entity,
        if(is_old, merges.old_natural_key, merges.new_natural_key) as natural_key,
        if(is_old, cast(null as string), merges.record_ref) as record_ref,
        merges.hubspot_id,
        if(is_old, merges.new_natural_key, cast(null as string)) as rekeyed_to,
        if(is_old, cast(null as string), merges.old_natural_key) as rekeyed_from,
    from {{ ref('amd_merges') }} as merges
    cross join unnest([true, false]) as is_old
    where {{ condition }}
) as moves
    on id_map.entity = moves.entity and id_map.natural_key = moves.natural_key
when matched then update set
    hubspot_id = moves.hubspot_id,
    record_ref = coalesce(moves.record_ref, id_map.record_ref),
    payload_hash = 'rekeyed',
    confirmed_values = null,
    kept_edits = null,
    rekeyed_to = moves.rekeyed_to,
    rekeyed_from = moves.rekeyed_from,
    updated_at = current_timestamp()
when not matched then insert (
    entity, natural_key, hubspot_id, record_ref, payload_hash, rekeyed_to, rekeyed_from, updated_at
) values (
    moves.entity,
    moves.natural_key,
    moves.hubspot_id,
    moves.record_ref,
    'rekeyed',
    moves.rekeyed_to,
    moves.rekeyed_from,
    current_timestamp()
);
{%- endmacro %}
