{{ config(meta={'entity': 'patients'}) }}

with mapped as (
    select * from {{ ref('map_contacts') }}
),

excluded as (
    select distinct {{ normalize_key('cast(natural_key as string)') }} as natural_key
    from {{ ref('int_excluded_patients') }}
),

placeholders as (
    select * from {{ ref('placeholders') }}
),

state_spellings as (
    {{ state_spellings() }}
),

-- Households share an address, and taking one apart is the dearest step here: once per address.
addresses as (
    select distinct
        address as line_1,
        coalesce(street_address_line_2, '') as line_2,
    from mapped
    where address is not null
),

address_texts as (
    select
        *,
        {{ street_text('line_1', 'line_2') }} as street_words,
    from addresses
),

streets as (
    {{ with_street_key('address_texts', ['line_1', 'line_2']) | indent(4) }}
),

unknown_addresses as (
    select
        value,
        {{ street_text('value', "''") }} as street_words,
    from placeholders
    where kind = 'street'
),

unknown_streets as (
    {{ with_street_key('unknown_addresses', ['value']) | indent(4) }}
),

unknown_words as (
    select {{ bare_text('value') }} as bare_street
    from placeholders
    where kind = 'street' and not regexp_contains(value, r'[0-9]')
),

normalized as (
    select
        mapped.*,
        streets.street_key as street_address,
        {{ normalize_email('email') }} as email_address,
        {{ name_columns('firstname', 'lastname', own_suffix='suffix') | indent(8) }},
        {{ normalize_name('preferred_first_name') }} as preferred_name_key,
        {{ normalize_name('middlename') }} as middle_name_key,
        {{ phone_digits('phone') }} as phone_key,
        {{ phone_digits('otherphone') }} as other_phone_key,
        {{ normalize_chart('patient_chart') }} as chart_key,
        {{ normalize_place('city') }} as city_key,
        state_spellings.code as state_key,
        {{ normalize_zip('zip', 'state_spellings.code') }} as zip_key,
        streets.street_key in (select street_key from unknown_streets)
        -- A word for none is one beside any second line.
        or {{ bare_text('mapped.address') }} in (select bare_street from unknown_words)
            as is_street_unknown,
        {{ exclusion_reason() }} as exclusion_reason,
    from mapped
    left join streets
        on mapped.address = streets.line_1
        and coalesce(mapped.street_address_line_2, '') = streets.line_2
    left join state_spellings
        on {{ normalize_name('mapped.state') }} = state_spellings.spelling
    left join excluded
        on mapped.natural_key = excluded.natural_key
),

judged as (
    select
        * replace (coalesce(is_street_unknown, false) as is_street_unknown),
        email_address is not null
        and count(if(exclusion_reason is null, natural_key, null)) over (partition by email_address)
        > {{ var('max_patients_per_email') }} as is_email_shared,
    from normalized
),

-- What counts as unknown is neither matched on nor sent, and never clears a value in HubSpot.
records as (
    select
        * replace (
            if(is_email_shared, null, email_address) as email,
            if(is_street_unknown, null, address) as address,
            if(is_street_unknown, null, street_address_line_2) as street_address_line_2
        ),
        if(is_email_shared, null, email_address) as email_key,
        ncf_date_of_birth as birth_date,
        {{ is_younger_than(18, 'ncf_date_of_birth') }} as is_minor,
        {{ is_younger_than(25, 'ncf_date_of_birth') }} as is_under_25,
        if(is_street_unknown, null, street_address) as street_key,
        {{ contact_detail_columns(
            'if(is_street_unknown, null, street_address)',
            'if(is_email_shared, null, email_address)',
        ) | indent(8) }},
        concat(
            {{ skipped_columns() }},
            if(is_email_shared, ',Email,', ''),
            if(is_street_unknown, ',Address1,Address2,', '')
        ) as skipped_columns,
        array_concat(
            {{ record_warnings() }},
            if(is_email_shared, ['shared:Email'], []),
            if(is_street_unknown, ['placeholder:Address1'], [])
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
        'other_phone_key',
        'chart_key',
        'is_minor',
        'is_under_25',
        'street_key',
        'city_key',
        'state_key',
        'zip_key',
        'house_number',
        'street_name',
        'email_local',
        'email_letters',
    ],
) }}

select * from final
