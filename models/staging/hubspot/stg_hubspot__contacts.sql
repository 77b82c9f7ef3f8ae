{%- set read_back = {
    'patient_id_text': setting('PATIENT_NATURAL_ID_PROP'),
    'email': 'email',
    'additional_emails': 'hs_additional_emails',
    'first_name': 'firstname',
    'last_name': 'lastname',
    'birth_date_text': 'ncf_date_of_birth',
    'phone': 'phone',
    'mobile_phone': 'mobilephone',
    'chart': 'patient_chart',
    'line_1': 'address',
    'line_2': 'street_address_line_2',
    'city': 'city',
    'state': 'state',
    'zip': 'zip',
} -%}
-- Live contacts with their match keys, spelt by the same normalisers as the AMD side.
with mirror as (

    select * from {{ source('hubspot', 'hubspot_mirror') }}

),

placeholders as (

    {{ placeholder_lists() }}

),

state_spellings as (

    {{ state_spellings() }}

),

live as (

    select
        hubspot_id,
        {%- for column, property in read_back.items() %}
        {{ hubspot_value(property) }} as {{ column }},
        {%- endfor %}
    from mirror
    where entity = 'patients' and not coalesce(is_dead, false)

),

cleaned as (

    select
        hubspot_id,
        {%- for column in read_back %}
        {{ clean_text(column) }} as {{ column }},
        {%- endfor %}
    from live

),

-- What stands for none neither matches nor contradicts.
known as (

    select
        hubspot_id,
        patient_id_text,
        {{ normalize_email('email') }} as email,
        additional_emails,
        {{ known_phone('phone') }} as phone,
        {{ known_phone('mobile_phone') }} as mobile_phone,
        {{ known_text('chart', 'placeholder_words') }} as chart,
        {{ known_text('first_name', 'placeholder_texts') }} as first_name,
        {{ known_text('last_name', 'placeholder_texts') }} as last_name,
        {{ iso_time('birth_date_text') }} as birth_time,
        {{ known_text('line_1', 'placeholder_words') }} as line_1,
        {{ known_text('line_2', 'placeholder_words') }} as line_2,
        {{ known_text('city', 'placeholder_words') }} as city,
        state,
        {{ known_zip('zip', 'placeholder_words') }} as zip,
        placeholder_births,
        placeholder_emails,
        placeholder_email_words,
    from cleaned
    cross join placeholders

),

normalised as (

    select
        hubspot_id,
        {{ normalize_key('patient_id_text') }} as patient_key,
        lower(additional_emails) as additional_emails,
        lower(concat(coalesce(email, ''), ';', coalesce(additional_emails, ''))) as all_emails,
        {{ known_email('email', 'placeholder_emails', 'placeholder_email_words') }} as email_key,
        {{ phone_digits('phone') }} as phone_key,
        {{ phone_digits('mobile_phone') }} as other_phone_key,
        {{ normalize_chart('chart') }} as chart_key,
        {{ name_columns('first_name', 'last_name') | indent(8) }},
        {{ known_birth_date(read_date('birth_time', 'UTC'), 'placeholder_births') }} as birth_date,
        {{ street_text('line_1', 'line_2') }} as street_words,
        {{ normalize_place('city') }} as city_key,
        {{ normalize_name('state') }} as state_name,
        zip,
    from known

),

with_streets as (

    {{ with_street_key('normalised', ['hubspot_id'], [
        'patient_key', 'additional_emails', 'all_emails', 'email_key', 'first_name_key',
        'last_name_key',
        'last_name_first_part', 'last_name_last_part', 'name_suffix', 'phone_key',
        'other_phone_key', 'chart_key', 'birth_date', 'city_key', 'state_name', 'zip',
    ]) | indent(4) }}

),

final as (

    select
        with_streets.* except (birth_date, state_name, zip),
        {{ plausible('with_streets.birth_date', 'patients', 'DOB') }} as birth_date,
        state_spellings.code as state_key,
        {{ normalize_zip('with_streets.zip', 'state_spellings.code') }} as zip_key,
        {{ contact_detail_columns('with_streets.street_key', 'with_streets.email_key')
            | indent(8) }},
    from with_streets
    left join state_spellings
        on with_streets.state_name = state_spellings.spelling

)

select * from final
