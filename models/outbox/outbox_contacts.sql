{{ config(meta={'entity': 'patients'}) }}

with mapped as (
    select * from {{ ref('map_contacts') }}
),

excluded as (
    select distinct {{ normalize_key('cast(natural_key as string)') }} as natural_key
    from {{ ref('int_excluded_patients') }}
),

-- Households share an address, and taking one apart is the dearest step here: once per address.
addresses as (
    select distinct
        address,
        coalesce(street_address_line_2, '') as second_line,
    from mapped
    where address is not null
),

streets as (
    select
        *,
        {{ normalize_street('address', 'second_line') }} as street_address,
    from addresses
),

normalized as (
    select
        mapped.*,
        streets.street_address,
        {{ normalize_email('email') }} as email_address,
        {{ name_columns('firstname', 'lastname', own_suffix='suffix') | indent(8) }},
        {{ normalize_name('preferred_first_name') }} as preferred_name_key,
        {{ normalize_name('middlename') }} as middle_name_key,
        {{ phone_digits('phone') }} as phone_key,
        {{ normalize_name('patient_chart') }} as chart_key,
        {{ normalize_name('city') }} as city_key,
        {{ normalize_state('state') }} as state_key,
        {{ normalize_zip('zip') }} as zip_key,
        {{ exclusion_reason() }} as exclusion_reason,
    from mapped
    left join streets
        on mapped.address = streets.address
        and coalesce(mapped.street_address_line_2, '') = streets.second_line
    left join excluded
        on mapped.natural_key = excluded.natural_key
),

judged as (
    select
        *,
        email is not null and email_address is null as is_email_invalid,
        {{ is_placeholder('email', 'email_address') }} as is_email_placeholder,
        email_address is not null
        and count(if(exclusion_reason is null, natural_key, null)) over (partition by email_address)
        > {{ var('max_patients_per_email') }} as is_email_shared,
        {{ is_placeholder('date_of_birth', 'ncf_date_of_birth') }} as is_birth_date_placeholder,
        {{ is_placeholder('street', 'street_address') }} as is_street_placeholder,
    from normalized
),

-- What counts as unknown is neither matched on nor sent, and never clears a value in HubSpot.
records as (
    select
        * except (email, ncf_date_of_birth, address, street_address_line_2),
        if(is_email_placeholder or is_email_shared, null, email_address) as email,
        if(is_email_placeholder or is_email_shared, null, email_address) as email_key,
        if(is_birth_date_placeholder, null, ncf_date_of_birth) as ncf_date_of_birth,
        if(is_birth_date_placeholder, null, ncf_date_of_birth) as birth_date,
        {{ is_younger_than(18, 'if(is_birth_date_placeholder, null, ncf_date_of_birth)') }} as is_minor,
        {{ is_younger_than(25, 'if(is_birth_date_placeholder, null, ncf_date_of_birth)') }} as is_under_25,
        if(is_street_placeholder, null, address) as address,
        if(is_street_placeholder, null, street_address_line_2) as street_address_line_2,
        if(is_street_placeholder, null, street_address) as street_key,
        concat(
            absent_columns,
            unreadable_columns,
            if(is_email_invalid or is_email_placeholder or is_email_shared, ',Email,', ''),
            if(is_birth_date_placeholder, ',DOB,', ''),
            if(is_street_placeholder, ',Address1,Address2,', '')
        ) as skipped_columns,
        array_concat(
            {{ record_warnings() }},
            if(is_email_invalid, ['invalid:Email'], []),
            if(is_email_placeholder, ['placeholder:Email'], []),
            if(is_email_shared, ['shared:Email'], []),
            if(is_birth_date_placeholder, ['placeholder:DOB'], []),
            if(is_street_placeholder, ['placeholder:Address1'], [])
        ) as warnings,
    from judged
),

{{ outbox_rows(
    'patients',
    records='records',
    mapping=ref('map_contacts'),
    exclusion_reason='exclusion_reason',
    extra_columns=[
        'email_key',
        'first_name_key',
        'last_name_key',
        'last_name_first_part',
        'last_name_last_part',
        'name_suffix',
        'preferred_name_key',
        'middle_name_key',
        'birth_date',
        'phone_key',
        'chart_key',
        'is_minor',
        'is_under_25',
        'street_key',
        'city_key',
        'state_key',
        'zip_key',
    ],
) }}

select * from final
