{{ config(meta={'entity': 'rois'}) }}

with mapped as (
    select * from {{ ref('map_rois') }}
),

excluded as (
    select distinct {{ normalize_key('cast(natural_key as string)') }} as natural_key
    from {{ ref('int_excluded_rois') }}
),

records as (
    select
        mapped.*,
        {{ skipped_columns() }} as skipped_columns,
        {{ record_warnings() }} as warnings,
        {{ exclusion_reason() }} as exclusion_reason,
    from mapped
    left join excluded
        on mapped.natural_key = excluded.natural_key
),

{{ outbox_rows(
    'rois',
    records='records',
    mapping=ref('map_rois'),
    exclusion_reason='exclusion_reason',
    extra_columns=['is_protected_in_source'],
    protected_setting='ROI_PROTECTED_PROPERTIES',
) }}

select * from final
