{#-
    Adds `street_key` to the rows of a CTE that has the text columns line_1 and line_2: the lines
    joined, accents stripped, `#` read as `apt`, and each word in its USPS short form (seed
    address_words). Null unless line 1 is known. The words are joined to the seed as rows, which
    stays fast on a million addresses where a CASE over the seed does not.
    Arguments: the CTE, its unique column, the other columns to keep.
-#}
{% macro with_street_key(from, key, columns) -%}
select
    {{ from }}.{{ key }},
    {%- for column in columns %}
    any_value({{ from }}.{{ column }}) as {{ column }},
    {%- endfor %}
    nullif(
        string_agg(coalesce(address_words.standard, street_word), ' ' order by word_position), ''
    ) as street_key,
from {{ from }}
cross join unnest(split({{ street_text('line_1', 'line_2') }}, ' ')) as street_word
    with offset as word_position
left join {{ ref('address_words') }} as address_words
    on street_word = address_words.word
group by {{ from }}.{{ key }}
{%- endmacro %}

{#- The cleaned text of a street, '' where line 1 is unknown. -#}
{% macro street_text(line_1, line_2) -%}
    coalesce(
        if(
            {{ line_1 }} is null,
            null,
            trim(regexp_replace(
                regexp_replace(
                    normalize_and_casefold(
                        replace(concat({{ line_1 }}, ' ', coalesce({{ line_2 }}, '')), '#', ' apt '),
                        nfd
                    ),
                    r'\pM', ''
                ),
                r'[^\pL\pN]+', ' '
            ))
        ),
        ''
    )
{%- endmacro %}
