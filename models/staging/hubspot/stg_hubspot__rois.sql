with mirror as (

    select * from {{ source('hubspot', 'hubspot_mirror') }}

),

live as (

    select
        hubspot_id,
        properties,
        last_modified_at,
    from mirror
    where entity = 'rois' and not coalesce(is_dead, false)

),

keyed as (

    select
        hubspot_id,
        {{ normalize_key(hubspot_value(setting('ROI_NATURAL_ID_PROP'))) }} as natural_key,
        -- What staff finished, or took over by hand, is theirs.
        coalesce(
            (
                lower({{ hubspot_value('processing_status') }}) = 'processed'
                and {{ hubspot_value('processing_datetime') }} is not null
            )
            or lower({{ hubspot_value('roi_manual_override') }}) in ('true', 'yes', '1'),
            false
        ) as is_protected,
    from live

)

select * from keyed
