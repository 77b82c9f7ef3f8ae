-- What each HubSpot contact property is made of. Null leaves a property as the catalogue says
-- (on_blank); '' clears it whatever the catalogue says.
with patients as (
    select * from {{ ref('stg_amd__patients') }}
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
        absent_columns,
        missing_columns,
        unreadable_columns,
        unknown_columns,

        -- for matching alone
        name_suffix as suffix,

        -- properties
        natural_key as natural_id,
        natural_key as patient_id,
        chart as patient_chart,
        email,
        first_name as firstname,
        last_name as lastname,
        date_of_birth as ncf_date_of_birth,
        gender,
        home_phone as phone,
        address_1 as address,
        -- An address moves as a whole: the second line of the old one must not stay behind. A word
        -- for none is no blank.
        case
            when address_2 is not null then address_2
            when
                address_1 is not null
                and absent_columns not like '%,Address2,%'
                and coalesce(unknown_columns, '') not like '%:Address2,%'
                then ''
        end as street_address_line_2,
        city,
        state,
        zipcode as zip,
        spravato_count as spravatostodate,
        ketamine_count as ketaminestodate,
        treatment_count as treatmentstodate,
        future_treatments as future_treatment_count,
        future_follow_ups as future_follow_up_count,
        primary_facility,
        primary_facility_code,
        first_initial_consult_at as first_initial_consult__treatment_,
        is_started as started,
        is_active as active_treatment,
        preferred_first_name,
        middle_name as middlename,
        other_phone as otherphone,
        care_type,
        next_treatment_date,
        next_follow_up_date,
        true as amd_synced,
    from patients
)

select * from final
