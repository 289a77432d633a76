{#- Every row fulfils the condition; a condition that is null counts as broken. -#}
{% test satisfies(model, condition) %}
select *
from {{ model }}
where not coalesce({{ condition }}, false)
{% endtest %}
