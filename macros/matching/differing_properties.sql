{#-
    The names of the properties whose value in a payload is not the one that HubSpot has. An entry
    is the JSON text `"name":"value"`; HubSpot's properties are a compact JSON object. An instant
    that was sent as epoch milliseconds comes back in ISO form, so both count as milliseconds.
    The pattern that finds HubSpot's entry has no group, as it is no literal: the emulator returns
    groups of literal patterns only.
-#}
{% macro differing_properties(entries, properties, omitted) -%}
{%- set hubspot_entry -%}
regexp_extract({{ properties }}, concat(split(entry, ':')[safe_offset(0)], r':"(?:[^"\\]|\\.)*"'))
{%- endset -%}
array(
    select split(entry, '"')[safe_offset(1)]
    from unnest({{ entries }}) as entry
    where
        split(entry, '"')[safe_offset(1)] not in unnest({{ omitted }})
        and case
            when ends_with(entry, ':""') then strpos(
                replace({{ properties }}, concat(rtrim(entry, '"'), '""'), ''),
                concat(rtrim(entry, '"'), '"')
            ) > 0
            else
                strpos({{ properties }}, entry) = 0
                and coalesce(
                    {{ millis_of_entry('entry') }}
                    != {{ millis_of_entry(hubspot_entry) }},
                    true
                )
        end
)
{%- endmacro %}

{#- The value of an entry `"name":"value"` as milliseconds, where it is an ISO date or instant or
    already epoch milliseconds; null for other text. -#}
{% macro millis_of_entry(entry) -%}
coalesce(
    safe_cast(regexp_extract({{ entry }}, r'":"(-?\d{9,15})"$') as int64),
    unix_millis(safe_cast(
        regexp_extract({{ entry }}, r'":"(\d{4}-\d\d-\d\d(?:T[\d:.]+Z)?)"$') as timestamp
    ))
)
{%- endmacro %}
