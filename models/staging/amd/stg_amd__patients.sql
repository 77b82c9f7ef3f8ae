with source as (
    select * from {{ ref('base_amd__patients') }}
),

-- AMD keeps naive times in New York wall time; they are read once and placed in the zone below.
read as (
    select
        *,
        {{ read_date('dob', 'UTC') }} as date_of_birth,
        {{ read_wall_time('first_initial_consult') }} as first_initial_consult_et,
        {{ read_date('next_treatment', 'America/New_York') }} as next_treatment_date,
        {{ read_date('next_follow_up', 'America/New_York') }} as next_follow_up_date,
        {{ read_number('spravatos_to_date') }} as spravato_count,
        {{ read_number('ketamines_to_date') }} as ketamine_count,
        {{ read_number('treatments_to_date') }} as treatment_count,
        {{ read_number('future_treatment_count') }} as future_treatments,
        {{ read_number('future_follow_up_count') }} as future_follow_ups,
        {{ read_bool('started') }} as is_started,
        {{ read_bool('active') }} as is_active,
    from source
),

placed as (
    select
        *,
        {{ read_instant('first_initial_consult', 'first_initial_consult_et') }}
            as first_initial_consult_at,
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
        {{ is_test_chart('first_name', 'last_name', 'preferred_first_name') }} as is_test_chart,

        -- text
        {{ normalize_key('chart') }} as chart,
        first_name,
        preferred_first_name,
        middle_name,
        last_name,
        name_suffix,
        gender,
        email,
        home_phone,
        other_phone,
        address_1,
        address_2,
        city,
        state,
        zipcode,
        primary_facility,
        primary_facility_code,
        care_type,

        -- numbers
        spravato_count,
        ketamine_count,
        treatment_count,
        future_treatments,
        future_follow_ups,

        -- flags
        is_started,
        is_active,

        -- dates and times
        date_of_birth,
        next_treatment_date,
        next_follow_up_date,
        first_initial_consult_at,

        -- how it was read
        absent_columns,
        missing_columns,
        {{ unreadable_columns({
            'DOB': ['dob', 'date_of_birth'],
            'FirstInitialConsult': ['first_initial_consult', 'first_initial_consult_at'],
            'NextTreatment': ['next_treatment', 'next_treatment_date'],
            'NextFollowUp': ['next_follow_up', 'next_follow_up_date'],
            'SpravatosToDate': ['spravatos_to_date', 'spravato_count'],
            'KetaminesToDate': ['ketamines_to_date', 'ketamine_count'],
            'TreatmentsToDate': ['treatments_to_date', 'treatment_count'],
            'FutureTreatmentCount': ['future_treatment_count', 'future_treatments'],
            'FutureFollowUpCount': ['future_follow_up_count', 'future_follow_ups'],
            'Started': ['started', 'is_started'],
            'Active': ['active', 'is_active'],
        }) }} as unreadable_columns,
    from placed
)

select * from final
