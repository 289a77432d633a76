{#- Aggregates over the rows that were chosen; datasets and charts call them in {{ … }}. -#}

{% set is_devices = "starts_with(indicator_code, 'INF_TRAFFIC_DEVICES__')" -%}
{% set is_caught = "starts_with(indicator_code, 'TRF_VIOL_AUTO__')" -%}

{#- The newest month, and of it the topmost territory. -#}
{% macro latest(column) -%}
arg_max_null({{ column }}, precedence)
{%- endmacro %}

{% macro latest_where(column, condition) -%}
arg_max_null({{ column }}, precedence) filter (where {{ condition }})
{%- endmacro %}

{#- The newest month of the rows at hand, as YYYYMM. -#}
{% macro newest() -%}
floor(max(precedence) / 10)
{%- endmacro %}

{% macro newest_where(condition) -%}
floor(max(precedence) filter (where {{ condition }}) / 10)
{%- endmacro %}

{#- The latest, for rows that are compared with each other: a row without the newest month of all
    rows has no value instead of one of an older month. -#}
{% macro compared(column) -%}
case when {{ newest() }} = max({{ newest() }}) over () then {{ latest(column) }} end
{%- endmacro %}

{#- The topmost territory; for charts over months. -#}
{% macro topmost(column) -%}
arg_min_null({{ column }}, depth)
{%- endmacro %}

{#- One answer of several parts: name and expression. -#}
{% macro parts() -%}
to_json({ {%- for name, expression in kwargs.items() %}'{{ name }}': {{ expression }}{{ ', ' if not loop.last }}{% endfor -%} })
{%- endmacro %}

{#- The same of the latest of some columns: name and column. -#}
{% macro latest_parts() -%}
to_json({ {%- for name, column in kwargs.items() %}'{{ name }}': {{ latest(column) }}{{ ', ' if not loop.last }}{% endfor -%} })
{%- endmacro %}

{% macro compared_parts() -%}
to_json({ {%- for name, column in kwargs.items() %}'{{ name }}': {{ compared(column) }}{{ ', ' if not loop.last }}{% endfor -%} })
{%- endmacro %}

{#- The month of what some of the rows say, when others are newer. -#}
{% macro older_month(condition) -%}
case when {{ newest_where(condition) }} < max({{ newest() }}) over () then {{ latest_where('period_label', condition) }} end
{%- endmacro %}

{#- The latest count among the rows of a condition. -#}
{% macro count_where(condition) -%}
{{ parts(value=latest_where('ytd_value', condition), unit="'count'", status=latest_where('ytd_status', condition), older_month=older_month(condition)) }}
{%- endmacro %}

{#- What a tile shows of an indicator; the indicator among others is read once as a whole. -#}
{% macro tile(code) -%}
to_json(arg_max({'ytd_value': ytd_value, 'ytd_prior_year': ytd_prior_year, 'ytd_change_abs': ytd_change_abs, 'ytd_growth_code': ytd_growth_code, 'ytd_growth_value': ytd_growth_value, 'ytd_break_from': ytd_break_from, 'ytd_status': ytd_status, 'ytd_status_reason': ytd_status_reason, 'month_value': month_value, 'month_status': month_status, 'month_status_reason': month_status_reason, 'unit': unit, 'period': period_label}, precedence) filter (where indicator_code = '{{ code }}'))
{%- endmacro %}

{#- What a territory did with a form. -#}
{% macro sent(form) -%}
{% set of_form = "form_code = '" ~ form ~ "'" -%}
{{ parts(
    expected=latest_where('expected_units', of_form), accepted=latest_where('accepted_units', of_form),
    received=latest_where('received_units', of_form), late=latest_where('late_units', of_form),
    older_month=older_month(of_form)
) }}
{%- endmacro %}

{#- What is known of every form. -#}
{% macro reported(forms) -%}
to_json({'forms': [{% for form in forms %}{% set of_form = "form_code = '" ~ form ~ "'" %}{'form': '{{ form }}', 'accepted': {{ latest_where('accepted_units', of_form) }}, 'expected': {{ latest_where('expected_units', of_form) }}, 'is_district': min(depth) > 1, 'month': {{ older_month(of_form) }} }{{ ', ' if not loop.last }}{% endfor %}]})
{%- endmacro %}

{#- How final the newest month is over some forms: final when each is, missing when none began. -#}
{% macro state_of(forms) -%}
case when {% for form in forms %}{{ state_is(form, "= 'final'") }}{{ ' and ' if not loop.last }}{% endfor %} then 'final' when {% for form in forms %}{{ state_is(form, "!= 'missing'") }}{{ ' or ' if not loop.last }}{% endfor %} then 'partial' else 'missing' end
{%- endmacro %}

{% macro state_is(form, test) -%}
{% set of_form = "form_code = '" ~ form ~ "'" -%}
coalesce({{ latest_where('status', of_form) }} {{ test }} and {{ newest_where(of_form) }} = {{ newest() }}, false)
{%- endmacro %}

{#- When the last report of the newest month arrived; empty when none did. -#}
{% macro last_received() -%}
case when max({'month': floor(precedence / 10), 'is_received': received_at_max is not null})['is_received'] then arg_max_null(received_at_max, floor(precedence / 10) * 1e10 + coalesce(epoch(received_at_max), 0)) end
{%- endmacro %}
