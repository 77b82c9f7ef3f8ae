{#- A normalised email; null where nobody reads it: one of `emails`, at a domain that is reserved for
    examples, at a domain that is the same one to three signs again (a@a.com, 123@123.com), or with a
    word for none (`words`) before the @ or as its domain. Digits and punctuation around such a word
    change nothing, except that a word of two letters is somebody's initials where more than one digit
    stands by it. -#}
{% macro known_email(email, emails, words) -%}
    {%- set local = "regexp_replace(regexp_extract(" ~ email ~ ", r'^([^@+]*)'), r'[^a-z0-9]+', '')" -%}
    {%- set word = "regexp_replace(" ~ local ~ ", r'^[0-9]+|[0-9]+$', '')" -%}
    {%- set domain = "regexp_extract(" ~ email ~ ", r'([a-z0-9-]+)\\.[a-z0-9-]+$')" -%}
    if(
            coalesce({{ email }} in unnest({{ emails }}), false)
            or regexp_contains({{ email }}, r'[@.](?:invalid|test|example|localhost|local)$')
            or regexp_contains({{ email }}, r'^(?:no[._-]?e?-?mail|do[._-]?not[._-]?e?-?mail|not[._-]?provided)')
            or (
                coalesce({{ word }} in unnest({{ words }}), false)
                and (length({{ word }}) > 2 or length({{ local }}) <= length({{ word }}) + 1)
            )
            or coalesce({{ domain }} in unnest({{ words }}), false)
            or regexp_extract({{ email }}, r'^([a-z0-9]{1,3})@') = {{ domain }},
            null,
            {{ email }}
        )
{%- endmacro %}
