{#- Whether a name says that the chart is no person's (seed test_chart_markers): a marker stands in it
    as words of its own. Markers of place `not_as_surname` are surnames, too: they say nothing where
    they are the whole last name. Rendered from the seed, since a constant pattern is compiled once
    and not once a row. -#}
{% macro is_test_chart(first_name, last_name, preferred_name="''") -%}
    {%- set anywhere = [] -%}
    {%- set not_as_surname = [] -%}
    {%- for row in seed_rows('test_chart_markers', 'marker') -%}
        {%- set pattern = row['marker'] | lower | replace('*', '[a-z]*') -%}
        {%- do anywhere.append(pattern) if row['place'] == 'anywhere'
            else not_as_surname.append(pattern) -%}
    {%- endfor -%}
    {%- set last = words_of_name([last_name]) -%}
    (
            regexp_contains(
                {{ words_of_name([first_name, last_name, preferred_name]) }},
                r' (?:{{ anywhere | join("|") or "-" }}) '
            )
            or regexp_contains(
                concat(
                    {{ words_of_name([first_name, preferred_name]) }},
                    if(regexp_contains({{ last }}, r' [a-z]+ [a-z]'), {{ last }}, '')
                ),
                r' (?:{{ not_as_surname | join("|") or "-" }}) '
            )
        )
{%- endmacro %}

{#- Parts of a name as lower-case words with a blank at both ends. -#}
{% macro words_of_name(parts) -%}
    regexp_replace(
        lower(concat(' ' {%- for part in parts %}, coalesce({{ part }}, ''), ' ' {%- endfor %})), r'[^a-z]+', ' '
    )
{%- endmacro %}
