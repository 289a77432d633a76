{#-
  95 % limits of a Poisson count by Byar's approximation (docs/statistics.md), in the unit of the
  count. A count of zero begins at zero.
-#}
{% macro byar_low(count) -%}
    case
        when {{ count }} > 0
            then {{ count }} * power(
                1.0 - 1.0 / (9.0 * {{ count }}) - 1.959964 / (3.0 * sqrt({{ count }})), 3
            )
        when {{ count }} = 0 then 0.0
    end
{%- endmacro %}


{% macro byar_high(count) -%}
    case
        when {{ count }} >= 0
            then ({{ count }} + 1.0) * power(
                1.0 - 1.0 / (9.0 * ({{ count }} + 1.0))
                + 1.959964 / (3.0 * sqrt({{ count }} + 1.0)),
                3
            )
    end
{%- endmacro %}
