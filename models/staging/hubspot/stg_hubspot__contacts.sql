{%- set read_back = {
    'patient_id_text': setting('PATIENT_NATURAL_ID_PROP'),
    'email': 'email',
    'additional_emails': 'hs_additional_emails',
    'first_name': 'firstname',
    'last_name': 'lastname',
    'birth_date_text': 'ncf_date_of_birth',
    'phone': 'phone',
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

    select * from {{ ref('placeholders') }}

),

states as (

    select * from {{ ref('states') }}

),

state_spellings as (

    select
        {{ normalize_name('name') }} as spelling,
        code,
    from states
    union distinct
    select
        lower(code) as spelling,
        code,
    from states

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

normalised as (

    select
        hubspot_id,
        {{ normalize_key('patient_id_text') }} as patient_key,
        lower(additional_emails) as additional_emails,
        lower(concat(coalesce(email, ''), ';', coalesce(additional_emails, ''))) as all_emails,
        {{ phone_digits('phone') }} as phone_key,
        {{ normalize_name('chart') }} as chart_key,
        {{ name_columns('first_name', 'last_name') | indent(8) }},
        safe_cast(regexp_extract(birth_date_text, r'^\d{4}-\d\d-\d\d') as date) as birth_date,
        line_1,
        line_2,
        {{ normalize_name('city') }} as city_key,
        {{ normalize_name('state') }} as state_name,
        {{ normalize_zip('zip') }} as zip_key,
    from live

),

with_streets as (

    {{ with_street_key('normalised', 'hubspot_id', [
        'patient_key', 'additional_emails', 'all_emails', 'first_name_key', 'last_name_key',
        'last_name_first_part', 'last_name_last_part', 'name_suffix', 'phone_key', 'chart_key',
        'birth_date', 'city_key', 'state_name', 'zip_key',
    ]) | indent(4) }}

),

-- A placeholder is as good as no value: it must neither match nor contradict.
final as (

    select
        with_streets.* except (birth_date, state_name),
        if(placeholders.value is null, with_streets.birth_date, null) as birth_date,
        state_spellings.code as state_key,
    from with_streets
    left join state_spellings
        on with_streets.state_name = state_spellings.spelling
    left join placeholders
        on
            placeholders.kind = 'date_of_birth'
            and cast(with_streets.birth_date as string) = placeholders.value

)

select * from final
