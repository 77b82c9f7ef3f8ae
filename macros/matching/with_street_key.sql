{#-
    Adds `street_key` to the rows of a CTE that has street_text of both address lines as its column
    street_words: each word in its USPS short form (seed address_words), null where there is none. The words are joined to the seed as rows, which
    stays fast on a million addresses where a CASE over the seed does not.
    Arguments: the CTE, the columns that are unique together, the other columns to keep.
-#}
{% macro with_street_key(from, keys, columns=[]) -%}
select
    {%- for key in keys %}
    {{ from }}.{{ key }},
    {%- endfor %}
    {%- for column in columns %}
    any_value({{ from }}.{{ column }}) as {{ column }},
    {%- endfor %}
    nullif(
        {{ rewritten("string_agg(coalesce(address_words.standard, street_word), ' ' order by word_position)", [
            ['\\b([ns]) ([ew])\\b', '\\1\\2'],
            ['\\b(apt|bldg|dept|fl|lot|rm|spc|ste|trlr|unit) apt\\b', '\\1'],
        ]) }},
        ''
    ) as street_key,
from {{ from }}
cross join unnest(split({{ from }}.street_words, ' ')) as street_word
    with offset as word_position
left join {{ ref('address_words') }} as address_words
    on street_word = address_words.word
group by
    {%- for key in keys %}
    {{ from }}.{{ key }}{{ ',' if not loop.last }}
    {%- endfor %}
{%- endmacro %}

{#- The words of a street, both lines joined and `#` read as `apt`; '' where line 1 is unknown. Apostrophes fall out of their words, initials
    with points are one word (P.O., N.W.), and a post office box has one name. -#}
{% macro street_text(line_1, line_2) -%}
    coalesce(
        trim({{ rewritten(
            without_accents(
                "if(" ~ line_1 ~ " is null, null, concat(" ~ line_1 ~ ", ' ', coalesce(" ~ line_2 ~ ", '')))"
            ),
            [
                ['#', ' apt '],
                ['[\\x27’‘`´]', ''],
                ['\\b([a-z])\\.\\s?([a-z])\\.', '\\1\\2 '],
                ['\\b([a-z])\\.([a-z])\\b', '\\1\\2'],
                ['[^\\pL\\pN]+', ' '],
                ['\\b(?:post office box|p o box|po b|pob|pobox)\\b', 'po box'],
            ],
        ) }}),
        ''
    )
{%- endmacro %}
