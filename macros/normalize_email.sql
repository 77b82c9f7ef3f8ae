{#- An email in lower case, mended where that is certain: out of `Name <ann@x.org>`, without `mailto:`,
    brackets, quotes and the punctuation of the sentence around it. Null where it is none that HubSpot
    would take: one @, plain letters, no dot at an end or beside another, a domain of labels, a last one
    of letters. -#}
{% macro normalize_email(email) -%}
    {%- set word = '[a-z0-9!#$%&\\x27*+/=?^_`{|}~-]+' -%}
    {%- set label = '[a-z0-9](?:[a-z0-9-]*[a-z0-9])?' -%}
    regexp_extract(
            regexp_extract(
                {{ rewritten('lower(' ~ without_format_characters(email) ~ ')', [
                    ['^[^<>@]*<([^<>]*)>[\\s.,;]*$', '\\1'],
                    ['^(?:[\\s\\pZ<>()\\[\\]"“”\\x27,;:]|%20|e-?mail:|mailto:)+', ''],
                    ['(?:[\\s\\pZ<>()\\[\\]"“”\\x27,;:.]|%20)+$', ''],
                ]) }},
                r'^{{ word }}(?:\.{{ word }})*@(?:{{ label }}\.)+(?:[a-z]{2,63}|xn--[a-z0-9-]+)$'
            ),
            r'^[^@]{1,64}@.{1,189}$'
        )
{%- endmacro %}
