{#- Whether a normalised value stands for "unknown" (seed placeholders): an email, a street as
    normalize_street gives it, or a date of birth. False for null. -#}
{% macro is_placeholder(kind, value) -%}
    {%- set values = [] -%}
    {%- for row in seed_rows('placeholders', 'kind, value') if row['kind'] == kind -%}
        {%- do values.append(normalized_placeholder(kind, row['value'])) -%}
    {%- endfor -%}
    {%- if not values -%}
        false
    {%- elif kind == 'date_of_birth' -%}
        coalesce(cast({{ value }} as string) in ('{{ values | join("', '") }}'), false)
    {%- else -%}
        coalesce({{ value }} in ('{{ values | join("', '") }}'), false)
    {%- endif -%}
{%- endmacro %}

{#- People write the seed as they write addresses; it is compared in the form of the macros. -#}
{% macro normalized_placeholder(kind, value) %}
    {%- set text = value | string | lower | trim -%}
    {%- if kind == 'street' -%}
        {%- set short_forms = {} -%}
        {%- for row in seed_rows('address_words', 'word') -%}
            {%- do short_forms.update({row['word']: row['standard']}) -%}
        {%- endfor -%}
        {%- set words = [] -%}
        {%- for word in modules.re.sub('[^a-z0-9]+', ' ', text.replace('#', ' apt ')).split() -%}
            {%- do words.append(short_forms.get(word, word)) -%}
        {%- endfor -%}
        {{ return(words | join(' ')) }}
    {%- endif -%}
    {{ return(text.replace("'", "\\'")) }}
{% endmacro %}
