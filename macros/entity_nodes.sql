{#- What a build of one entity is made of, by node id: its outbox with everything upstream of it
    (`own`), that less what other entities need too (`exclusive`), and `required`, which adds the
    data tests on it. An outbox is a model whose config says meta: {entity: …}. -#}
{% macro entity_nodes() %}
    {%- set entities = {} -%}
    {%- for node in graph.nodes.values()
        if node.resource_type == 'model' and node.config.meta.get('entity') -%}
        {%- do entities.update({
            node.config.meta['entity']: {
                'outbox': node.unique_id, 'own': ancestors(node.unique_id),
            },
        }) -%}
    {%- endfor -%}
    {%- for entity, nodes in entities.items() -%}
        {%- set shared = [] -%}
        {%- for other, other_nodes in entities.items() if other != entity -%}
            {%- do shared.extend(other_nodes['own']) -%}
        {%- endfor -%}
        {%- set required = nodes['own'] | list -%}
        {%- for node in graph.nodes.values() if node.resource_type == 'test' -%}
            {%- set parents = node.depends_on.nodes | select('in', graph.nodes) | list -%}
            {%- if parents and parents | reject('in', nodes['own']) | list | length == 0 -%}
                {%- do required.append(node.unique_id) -%}
            {%- endif -%}
        {%- endfor -%}
        {%- do nodes.update({
            'exclusive': nodes['own'] | reject('in', shared) | list,
            'required': required,
        }) -%}
    {%- endfor -%}
    {{ return(entities) }}
{% endmacro %}

{#- A node and all models and seeds upstream of it, by node id. -#}
{% macro ancestors(unique_id) %}
    {%- set found = [unique_id] -%}
    {%- for id in found -%}
        {%- set node = graph.nodes.get(id) -%}
        {%- for parent in (node.depends_on.nodes or [] if node else []) -%}
            {%- if parent in graph.nodes and parent not in found -%}
                {%- do found.append(parent) -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(found) }}
{% endmacro %}
