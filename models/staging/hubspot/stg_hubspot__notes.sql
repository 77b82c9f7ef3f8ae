{%- set told = [
    'amd_review', 'amd_review_patient_id', 'amd_review_reason', 'amd_review_evidence',
    'amd_review_since', 'amd_review_decision', 'amd_sync_status', 'amd_sync_note',
] -%}
-- What live records tell staff at this time, and what staff have answered; blank where nothing.
with mirror as (

    select * from {{ source('hubspot', 'hubspot_mirror') }}
    where not coalesce(is_dead, false)

),

final as (

    select
        entity,
        hubspot_id,
        last_modified_at,
        refreshed_at,
        {{ normalize_key(
            "case entity when 'patients' then "
            ~ hubspot_value(setting('PATIENT_NATURAL_ID_PROP'))
            ~ " when 'rois' then " ~ hubspot_value(setting('ROI_NATURAL_ID_PROP')) ~ " end"
        ) }} as natural_key,
        regexp_contains(properties, r'"amd_(?:review|sync)_?[a-z_]*":"[^"]') as has_note,
        {%- for property in told %}
        coalesce({{ hubspot_value(property) }}, '') as {{ property }},
        {%- endfor %}
        {{ hubspot_value('hs_updated_by_user_id') }} as updated_by,
    from mirror

)

select * from final
