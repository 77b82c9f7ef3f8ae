{{ config(
    materialized='incremental',
    incremental_strategy='merge',
    unique_key='source_key',
    on_schema_change='append_new_columns',
    cluster_by=['source_key'],
    meta={'captures_source': true, 'stale_hours_setting': 'ROI_STALE_HOURS'},
    post_hook="{{ delete_vanished_keys(ref('base_amd__rois_as_text')) }}",
) }}

{{ captured_rows(ref('base_amd__rois_as_text'), entity='rois') }}
