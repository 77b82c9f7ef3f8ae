{#- A street address for comparison: lines 1 and 2 joined, accents stripped, `#` read as `apt`, and
    each word in its USPS short form (seed address_words). Null unless line 1 is known. -#}
{% macro normalize_street(line_1, line_2) -%}
    if(
        {{ trim_text(line_1) }} is null,
        null,
        (
            select
                nullif(string_agg(
                    {{ address_word('word') }},
                    ' ' order by position
                ), '')
            from unnest(split(
                trim(regexp_replace(
                    regexp_replace(
                        normalize_and_casefold(
                            replace(concat({{ line_1 }}, ' ', coalesce({{ line_2 }}, '')), '#', ' apt '),
                            nfd
                        ),
                        r'\pM', ''
                    ),
                    r'[^\pL\pN]+', ' '
                )),
                ' '
            )) as word with offset as position
        )
    )
{%- endmacro %}

{#- The USPS short form of a word. One group per initial, so that a word meets a few comparisons
    and not the whole seed. -#}
{% macro address_word(word) -%}
    case
                    when {{ word }} < 'a' then {{ word }}
                    {%- for initial, standards in address_words_by_initial().items() %}
                    when starts_with({{ word }}, '{{ initial }}') then case
                        {%- for standard, words in standards.items() %}
                        when {{ word }} in ('{{ words | join("', '") }}') then '{{ standard }}'
                        {%- endfor %}
                        else {{ word }}
                    end
                    {%- endfor %}
                    else {{ word }}
                end
{%- endmacro %}

{#- The seed by initial and short form: {'s': {'st': ['str', 'street'], …}, …}. -#}
{% macro address_words_by_initial() %}
    {%- set initials = {} -%}
    {%- for row in seed_rows('address_words', 'word') -%}
        {%- set standards = initials.setdefault(row['word'][0], {}) -%}
        {%- do standards.setdefault(row['standard'], []).append(row['word']) -%}
    {%- endfor -%}
    {{ return(initials) }}
{% endmacro %}
