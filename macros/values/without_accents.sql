{#- Text case-folded and without accents. NFD splits a letter from its accents, which are marks and go.
    Letters that it does not split become what their people write where they lack them: ł l, ø o, æ ae
    (case folding has made ß to ss). Modifier letters, such as the ʻ of Hawaiian, are no letters here. -#}
{% macro without_accents(text) -%}
    regexp_replace(
        translate(
            replace(replace(replace(replace(
                normalize_and_casefold({{ text }}, nfd), 'æ', 'ae'), 'œ', 'oe'), 'þ', 'th'), 'ĳ', 'ij'),
            'øłđðħıŧŋɨʉɓɗƙƶ',
            'olddhitniubdkz'
        ),
        r'[\pM\x{2b0}-\x{2ff}]', ''
    )
{%- endmacro %}
