-- Which HubSpot ROI, if any, is each AMD ROI? And may it be written: what staff have processed,
-- or taken over by hand, is theirs.
{{ match_by_natural_id(
    entity='rois',
    outbox=ref('outbox_rois'),
    hubspot_records=ref('stg_hubspot__rois'),
    ambiguous_reason='ambiguous_roi_id',
    guard_properties=['processing_status', 'processing_datetime', 'roi_manual_override'],
    source_lock='outbox.is_protected_in_source',
) }}
