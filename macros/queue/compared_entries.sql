{#- A query: payload entries with their property, its value and the one that HubSpot has (`properties`, a
    JSON object), both in the form in which they can be compared. Most are spelt alike: the rest of the
    way is for those that are not. -#}
{% macro compared_entries(entries, properties) -%}
select
    entry,
    name,
    amd_value,
    if(
        hubspot_text = amd_text, amd_value, {{ compared_value('hubspot_text', 'name') }}
    ) as hubspot_value,
from (
    select
        *,
        {{ compared_value('amd_text', 'name') }} as amd_value,
    from (
        select
            entry,
            name,
            {{ unescaped('amd_text') }} as amd_text,
            {{ unescaped('hubspot_text') }} as hubspot_text,
        from (
            select
                entry,
                name,
                {{ entry_text('entry', 'name') }} as amd_text,
                if(
                    strpos({{ properties }}, entry) > 0,
                    {{ entry_text('entry', 'name') }},
                    {{ object_text(properties, 'name') }}
                ) as hubspot_text,
            from (
                select
                    entry,
                    {{ entry_name('entry') }} as name,
                from unnest({{ entries }}) as entry
            )
        )
    )
)
{%- endmacro %}
