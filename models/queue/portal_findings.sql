-- The catalogue against what the HubSpot portal has: every difference, and what to do about it.
with properties as (

    select * from {{ ref('catalogue_properties') }}

),

portal_properties as (

    select * from {{ source('hubspot', 'hubspot_portal_properties') }}

),

left_out as (

    select
        entity,
        regexp_extract(warning, r'^no_option:(.*)$') as property,
        count(*) as left_out_rows,
    from {{ ref('outbox_records') }}
    cross join unnest(warnings) as warning
    where starts_with(warning, 'no_option:') and exclusion_reason is null
    group by entity, property

),

checked_entities as (

    select distinct entity
    from portal_properties

),

compared as (

    select
        properties.*,
        portal_properties.property is not null as is_in_portal,
        portal_properties.property_type as portal_type,
        portal_properties.field_type as portal_field_type,
        portal_properties.sensitivity as portal_sensitivity,
        coalesce(portal_properties.has_unique_value, false) as is_unique_in_portal,
        coalesce(portal_properties.is_read_only, false) as is_read_only_in_portal,
        coalesce(left_out.left_out_rows, 0) as left_out_rows,
    from properties
    inner join checked_entities
        on properties.entity = checked_entities.entity
    left join portal_properties
        on
            properties.entity = portal_properties.entity
            and properties.property = portal_properties.property
    left join left_out
        on
            properties.entity = left_out.entity
            and properties.property = left_out.property

),

findings as (

    select
        compared.entity,
        compared.property,
        finding.severity,
        finding.code,
        finding.finding,
        finding.what_to_do,
    from compared
    cross join unnest([
        struct(
            not is_in_portal and not is_optional as applies,
            'error' as severity,
            'missing' as code,
            'The portal has no such property.' as finding,
            'Run `python -m pusher setup`, which creates it.' as what_to_do
        ),
        struct(
            not is_in_portal and is_optional as applies,
            'note' as severity,
            'missing_optional' as code,
            'The portal has no such property; it is left out of every payload.' as finding,
            'Nothing, or run `python -m pusher setup` to have it.' as what_to_do
        ),
        struct(
            is_in_portal and write_mode != 'never' and portal_type != property_type as applies,
            'error' as severity,
            'wrong_type' as code,
            concat('The portal has ', portal_type, ', we have ', property_type, '.') as finding,
            'Put what the portal has into seeds/hubspot_properties.csv.' as what_to_do
        ),
        struct(
            is_in_portal and write_mode != 'never'
            and portal_type = property_type and portal_field_type != field_type as applies,
            'note' as severity,
            'other_field_type' as code,
            concat('The portal shows it as ', portal_field_type, '.') as finding,
            'Nothing: it only concerns forms.' as what_to_do
        ),
        struct(
            is_in_portal and is_unique and not is_unique_in_portal as applies,
            'error' as severity,
            'not_unique' as code,
            'Its values need not be unique, so nothing can be upserted by it.' as finding,
            concat(
                'Uniqueness cannot be added later. Name a new property in the natural-id',
                ' setting and run `python -m pusher setup`: the first run fills it on the',
                ' records that the old one matches.'
            ) as what_to_do
        ),
        struct(
            is_in_portal and write_mode != 'never' and is_read_only_in_portal as applies,
            'error' as severity,
            'read_only' as code,
            'HubSpot does not let this property be written.' as finding,
            'Set write to never in seeds/hubspot_properties.csv.' as what_to_do
        ),
        struct(
            is_in_portal and coalesce(portal_sensitivity, 'non_sensitive')
            != coalesce(sensitivity, 'non_sensitive') as applies,
            'warn' as severity,
            'other_sensitivity' as code,
            concat('The portal has ', coalesce(portal_sensitivity, 'non_sensitive'), '.')
                as finding,
            'It cannot be changed later: put what the portal has into the seed.' as what_to_do
        ),
        struct(
            is_in_portal and left_out_rows > 0 as applies,
            'warn' as severity,
            'rule_no_option' as code,
            concat(
                cast(left_out_rows as string), ' rows say what is no option; it is left out.'
            ) as finding,
            'Give the property the option in HubSpot, or the option the label that AMD writes.'
                as what_to_do
        )
    ]) as finding
    where finding.applies

)

select * from findings
