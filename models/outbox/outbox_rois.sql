{{ config(meta={'entity': 'rois'}) }}

with mapped as (
    select * from {{ ref('map_rois') }}
),

records as (
    select
        *,
        concat(absent_columns, unreadable_columns) as skipped_columns,
        {{ record_warnings() }} as warnings,
    from mapped
),

{{ outbox_rows(
    'rois',
    records='records',
    mapping=ref('map_rois'),
    extra_columns=['is_protected_in_source'],
    protected_setting='ROI_PROTECTED_PROPERTIES',
) }}

select * from final
