{#- A street address for comparison: lines 1 and 2 joined, accents stripped, `#` read as `apt`, and
    each word in its USPS short form (seed address_words). Null unless line 1 is known. -#}
{% macro normalize_street(line_1, line_2) -%}
    if(
        {{ trim_text(line_1) }} is null,
        null,
        nullif(array_to_string(array(
            select
                case
                    {%- for standard, words in address_words_by_standard().items() %}
                    when word in ('{{ words | join("', '") }}') then '{{ standard }}'
                    {%- endfor %}
                    else word
                end
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
            order by position
        ), ' '), '')
    )
{%- endmacro %}

{#- The words of the seed by the short form that they share: {'st': ['street', 'str'], …}. -#}
{% macro address_words_by_standard() %}
    {%- set grouped = {} -%}
    {%- for row in seed_rows('address_words', 'standard, word') -%}
        {%- if row['word'] != row['standard'] -%}
            {%- do grouped.setdefault(row['standard'], []).append(row['word']) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- if not grouped -%}{%- do grouped.update({'st': ['street']}) -%}{%- endif -%}
    {{ return(grouped) }}
{% endmacro %}
