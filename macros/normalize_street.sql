{#- A street address for comparison: lines 1 and 2 joined, accents stripped, `#` read as `apt`, and
    each word in its USPS short form (seed address_words). Null unless line 1 is known. -#}
{% macro normalize_street(line_1, line_2) -%}
    if(
        {{ trim_text(line_1) }} is null,
        null,
        (
            select
                nullif(string_agg(
                    {{ short_address_word('word') }},
                    ' ' order by position
                ), '')
            from unnest(split(
                trim(regexp_replace(
                    regexp_replace(
                        normalize_and_casefold(
                            replace(
                                concat({{ line_1 }}, ' ', coalesce({{ line_2 }}, '')), '#', ' apt '
                            ),
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

{#- The USPS short form of a word, looked up in one text `|street=st|avenue=ave|`: hundreds of
    comparisons would drown the SQL around them. -#}
{% macro short_address_word(word) -%}
    {%- set pairs = [] -%}
    {%- for row in seed_rows('address_words', 'word') -%}
        {%- do pairs.append(row['word'] ~ '=' ~ row['standard']) -%}
    {%- endfor -%}
    coalesce(
        split(
            split('|{{ pairs | join("|") }}|', concat('|', {{ word }}, '='))[safe_offset(1)],
            '|'
        )[safe_offset(0)],
        {{ word }}
    )
{%- endmacro %}
