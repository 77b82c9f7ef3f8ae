-- Records that HubSpot or the id map gives to a natural key which the source no longer has, or has
-- in a row that does not count (state excluded). They are left alone: nobody wants a nightly job
-- that deletes contacts.
with id_map as (

    select * from {{ ref('int_id_map') }}

),

-- What tells staff something on a record has no row of the source.
objects as (

    select * from {{ ref('catalogue_objects') }}

),

outbox_records as (

    select * from {{ ref('outbox_records') }}

),

contacts as (

    select * from {{ ref('stg_hubspot__contacts') }}

),

rois as (

    select * from {{ ref('stg_hubspot__rois') }}

),

owned as (

    select
        id_map.entity,
        id_map.natural_key,
        id_map.hubspot_id,
    from id_map
    inner join objects
        on id_map.entity = objects.entity
    union distinct
    select
        'patients' as entity,
        patient_key as natural_key,
        hubspot_id,
    from contacts
    where patient_key is not null
    union distinct
    select
        'rois' as entity,
        natural_key,
        hubspot_id,
    from rois
    where natural_key is not null

),

forgotten as (

    select * from {{ source('control', 'reverse_etl_forgotten') }}

),

suppressed as (

    select distinct
        entity,
        key_hash,
    from forgotten
    where is_suppressed

),

salt as (

    select max(salt) as salt
    from forgotten

),

orphans as (

    select
        owned.entity,
        owned.natural_key,
        owned.hubspot_id,
        case
            when suppressed.key_hash is not null then 'suppressed'
            else coalesce(outbox_records.exclusion_reason, 'vanished')
        end as reason,
    from owned
    cross join salt
    left join outbox_records
        on
            owned.entity = outbox_records.entity
            and owned.natural_key = outbox_records.natural_key
    left join suppressed
        on
            owned.entity = suppressed.entity
            and suppressed.key_hash
            = {{ forgotten_hash('salt.salt', 'owned.entity', 'owned.natural_key') }}
    where outbox_records.natural_key is null or outbox_records.exclusion_reason is not null

)

select * from orphans
