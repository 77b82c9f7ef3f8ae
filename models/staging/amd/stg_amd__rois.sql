{%- set texts = {
    'template_id': ['TemplateID', 'placeholder_words'],
    'patient_id': ['PatientID', 'placeholder_words'],
    'patient_chart': ['PatientChart', 'placeholder_words'],
    'template_name': ['TemplateName', 'placeholder_words'],
    'patient_name': ['Patient Name', 'placeholder_texts'],
    'provider_name': ['ProviderName', 'placeholder_texts'],
    'specialty': ['Specialty', 'placeholder_words'],
} -%}
with source as (
    select * from {{ ref('base_amd__rois') }}
),

placeholders as (
    {{ placeholder_lists() }}
),

spelt as (
    select
        * replace (
            {{ normalize_key('template_id') }} as template_id,
            {{ normalize_key('patient_id') }} as patient_id,
            if(
                {{ is_number_column('PatientChart') }},
                {{ chart_from_number(normalize_key('patient_chart')) }},
                {{ normalize_key('patient_chart') }}
            ) as patient_chart,
            {{ source_time('accepted_datetime', 'rois', 'AcceptedDatetime') }}
                as accepted_datetime,
            {{ source_time('completed_date', 'rois', 'CompletedDate') }} as completed_date,
            {{ source_time('dob', 'rois', 'DOB') }} as dob
        ),
        {{ normalize_email('email') }} as email_address,
    from source
),

-- AMD keeps naive times in New York wall time; they are read once and placed in the zone below.
read as (
    select
        *,
        {{ read_wall_time('accepted_datetime') }} as accepted_et,
        {{ read_date('completed_date', 'America/New_York') }} as completed,
        {{ read_date('dob', 'UTC') }} as birth_date,
    from spelt
),

placed as (
    select
        *,
        {{ read_instant('accepted_datetime', 'accepted_et') }} as accepted,
    from read
),

-- What stands for none is as good as no value.
known as (
    select
        placed.*,
        {% for column, judged in texts.items() -%}
        {{ known_text(column, judged[1]) }} as known_{{ column }},
        {% endfor -%}
        -- A form's text for the provider's address is sent as it is, an address or not.
        if(
            email_address is not null
            and {{ known_email('email_address', 'placeholder_emails', 'placeholder_email_words') }}
            is null,
            null,
            {{ known_text('email', 'placeholder_words') }}
        ) as known_email,
        {{ known_phone('phone') }} as known_phone,
        {{ known_phone('fax') }} as known_fax,
        {{ known_birth_date('birth_date', 'placeholder_births') }} as known_birth_date,
        {{ plausible(
            known_birth_date('birth_date', 'placeholder_births'), 'rois', 'DOB'
        ) }} as date_of_birth,
        {{ plausible('completed', 'rois', 'CompletedDate') }} as completed_on,
        {{ plausible('accepted', 'rois', 'AcceptedDatetime', 'instant') }} as accepted_at,
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
        {{ is_test_chart(
            "regexp_extract(patient_name, r'^(.*)\\s')", "regexp_extract(patient_name, r'(\\S+)$')"
        ) }} as is_test_chart,

        -- text
        {% for column in texts -%}
        known_{{ column }} as {{ column }},
        {% endfor -%}
        known_email as email,
        known_phone as phone,
        known_fax as fax,

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
            'DOB': ['dob', 'coalesce(date_of_birth, if(known_birth_date is null, birth_date, null))'],
        }) }} as unreadable_columns,
        {{ unknown_columns({
            'placeholder:DOB': ['birth_date', 'known_birth_date'],
            'placeholder:Email': ['email', 'known_email'],
            'placeholder:Phone': ['phone', 'known_phone'],
            'placeholder:Fax': ['fax', 'known_fax'],
        }, texts) }} as unknown_columns,
    from known
)

select * from final
