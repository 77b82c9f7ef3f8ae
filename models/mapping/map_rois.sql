-- What each property of HubSpot's ROI object is made of. Null leaves a property as the catalogue
-- says (on_blank); '' clears it whatever the catalogue says.
with rois as (
    select * from {{ ref('stg_amd__rois') }}
),

final as (
    select
        -- identity of the record
        natural_key,
        row_hash,
        source_rows,
        is_duplicate_key,
        is_deleted_in_source,
        is_test_chart,
        is_protected_in_source,
        absent_columns,
        missing_columns,
        unreadable_columns,
        unknown_columns,

        -- properties
        natural_key as natural_id,
        template_name as roi_type,
        template_id as amd_template_id,
        patient_id,
        patient_chart,
        patient_name as patient_signed_name,
        accepted_at as accepted_datetime,
        completed_on as completed_date,
        date_of_birth as patient_signed_dob,
        provider_name as raw_provider_name,
        specialty as raw_provider_specialty,
        email as raw_provider_email,
        phone as raw_provider_phone,
        fax as raw_provider_fax,
    from rois
)

select * from final
