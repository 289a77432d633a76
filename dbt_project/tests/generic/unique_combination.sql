{#- The columns together are the key: no combination occurs twice and none of them is null. -#}
{% test unique_combination(model, columns) %}
select
    {{ columns | join(', ') }},
    count(*) as occurrences
from {{ model }}
group by {{ columns | join(', ') }}
having
    count(*) > 1
    {% for column in columns %}or count({{ column }}) = 0{% if not loop.last %}
    {% endif %}{% endfor %}

{% endtest %}
