{%- set texts = {
    'chart': ['Chart', 'placeholder_words'],
    'first_name': ['FirstName', 'placeholder_texts'],
    'last_name': ['LastName', 'placeholder_texts'],
    'preferred_first_name': ['PreferredFirstName', 'placeholder_words'],
    'middle_name': ['MiddleName', 'placeholder_words'],
    'gender': ['Gender', 'placeholder_words'],
    'address_1': ['Address1', 'placeholder_words'],
    'address_2': ['Address2', 'placeholder_words'],
    'city': ['City', 'placeholder_words'],
    'state': ['State', 'placeholder_words'],
    'primary_facility': ['PrimaryFacility', 'placeholder_words'],
    'primary_facility_code': ['PrimaryFacilityCode', 'placeholder_words'],
    'care_type': ['CareType', 'placeholder_words'],
} -%}
with source as (
    select * from {{ ref('base_amd__patients') }}
),

placeholders as (
    {{ placeholder_lists() }}
),

spelt as (
    select
        * replace (
            if(
                {{ is_number_column('Chart') }},
                {{ chart_from_number(normalize_key('chart')) }},
                {{ normalize_key('chart') }}
            ) as chart,
            {{ source_time('dob', 'patients', 'DOB') }} as dob,
            {{ source_time('first_initial_consult', 'patients', 'FirstInitialConsult') }}
                as first_initial_consult,
            {{ source_time('next_treatment', 'patients', 'NextTreatment') }} as next_treatment,
            {{ source_time('next_follow_up', 'patients', 'NextFollowUp') }} as next_follow_up,
            if(
                {{ is_number_column('Zipcode') }}, {{ zip_from_number('zipcode') }}, zipcode
            ) as zipcode
        ),
        {{ normalize_email('email') }} as email_address,
    from source
),

-- AMD keeps naive times in New York wall time; they are read once and placed in the zone below.
read as (
    select
        *,
        {{ read_date('dob', 'UTC') }} as birth_date,
        {{ read_wall_time('first_initial_consult') }} as first_initial_consult_et,
        {{ read_date('next_treatment', 'America/New_York') }} as next_treatment_on,
        {{ read_date('next_follow_up', 'America/New_York') }} as next_follow_up_on,
        {{ read_number('spravatos_to_date') }} as spravato_count,
        {{ read_number('ketamines_to_date') }} as ketamine_count,
        {{ read_number('treatments_to_date') }} as treatment_count,
        {{ read_number('future_treatment_count') }} as future_treatments,
        {{ read_number('future_follow_up_count') }} as future_follow_ups,
        {{ read_bool('started') }} as is_started,
        {{ read_bool('active') }} as is_active,
    from spelt
),

placed as (
    select
        *,
        {{ read_instant('first_initial_consult', 'first_initial_consult_et') }}
            as first_initial_consult_time,
    from read
),

-- What stands for none is as good as no value, here and in HubSpot: nothing to match on or to send.
known as (
    select
        placed.*,
        {% for column, judged in texts.items() -%}
        {{ known_text(column, judged[1]) }} as known_{{ column }},
        {% endfor -%}
        {{ known_email('email_address', 'placeholder_emails', 'placeholder_email_words') }}
            as known_email,
        {{ known_phone('home_phone') }} as known_home_phone,
        {{ known_phone('other_phone') }} as known_other_phone,
        {{ known_zip('zipcode', 'placeholder_words') }} as known_zipcode,
        {{ known_birth_date('birth_date', 'placeholder_births') }} as known_birth_date,
        {{ plausible(
            known_birth_date('birth_date', 'placeholder_births'), 'patients', 'DOB'
        ) }} as date_of_birth,
        {{ plausible('next_treatment_on', 'patients', 'NextTreatment') }} as next_treatment_date,
        {{ plausible('next_follow_up_on', 'patients', 'NextFollowUp') }} as next_follow_up_date,
        {{ plausible('first_initial_consult_time', 'patients', 'FirstInitialConsult', 'instant') }}
            as first_initial_consult_at,
    from placed
    cross join placeholders
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
        {% for column in texts -%}
        {% if column == 'address_2' -%}
        -- The second line of no address is no address either.
        if(address_1 is not null and known_address_1 is null, null, known_address_2) as address_2,
        {%- else -%}
        known_{{ column }} as {{ column }},
        {%- endif %}
        {% endfor -%}
        name_suffix,
        known_email as email,
        known_home_phone as home_phone,
        known_other_phone as other_phone,
        known_zipcode as zipcode,

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
            'DOB': ['dob', 'coalesce(date_of_birth, if(known_birth_date is null, birth_date, null))'],
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
        {{ unknown_columns({
            'invalid:Email': ['email', 'email_address'],
            'placeholder:Email': ['email_address', 'known_email'],
            'placeholder:DOB': ['birth_date', 'known_birth_date'],
            'placeholder:HomePhone': ['home_phone', 'known_home_phone'],
            'placeholder:OtherPhone': ['other_phone', 'known_other_phone'],
            'placeholder:Zipcode': ['zipcode', 'known_zipcode'],
        }, texts) }} as unknown_columns,
    from known
)

select * from final
