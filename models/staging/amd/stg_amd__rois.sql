with source as (
    select * from {{ ref('base_amd__rois') }}
),

-- AMD keeps naive times in New York wall time; they are read once and placed in the zone below.
read as (
    select
        *,
        {{ read_wall_time('accepted_datetime') }} as accepted_et,
        {{ read_date('completed_date', 'America/New_York') }} as completed_on,
        {{ read_date('dob', 'UTC') }} as date_of_birth,
    from source
),

placed as (
    select
        *,
        {{ read_instant('accepted_datetime', 'accepted_et') }} as accepted_at,
    from read
),

final as (
    select
        -- identity
        natural_key,
        row_hash,
        source_rows,
        is_duplicate_key,
        coalesce(is_deleted, false) as is_deleted_in_source,
        {{ is_test_chart(
            "regexp_extract(patient_name, r'^(.*)\\s')", "regexp_extract(patient_name, r'(\\S+)$')"
        ) }} as is_test_chart,
        {{ normalize_key('template_id') }} as template_id,
        {{ normalize_key('patient_id') }} as patient_id,
        {{ normalize_key('patient_chart') }} as patient_chart,

        -- text
        template_name,
        patient_name,
        provider_name,
        specialty,
        email,
        phone,
        fax,

        -- dates and times
        accepted_at,
        completed_on,
        date_of_birth,

        -- staff's locks, where the source has them; an override that cannot be read is a lock
        (roi_manual_override is not null and coalesce({{ read_bool('roi_manual_override') }}, true))
        or coalesce(
            lower(processing_status) = 'processed' and processing_datetime is not null, false
        ) as is_protected_in_source,

        -- how it was read
        absent_columns,
        missing_columns,
        {{ unreadable_columns({
            'AcceptedDatetime': ['accepted_datetime', 'accepted_at'],
            'CompletedDate': ['completed_date', 'completed_on'],
            'DOB': ['dob', 'date_of_birth'],
        }) }} as unreadable_columns,
    from placed
)

select * from final
