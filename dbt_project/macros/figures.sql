{#- Figures are exact decimals until the mart: the sum must not depend on the order of rows. -#}
{% macro exact(column) -%}
    cast({{ column }} as decimal(18, 4))
{%- endmacro %}


{#- A total of parts is known only when every part is known: a blank is not a zero. -#}
{% macro sum_if_complete(column) -%}
    case when count({{ column }}) = count(*) then sum({{ column }}) end
{%- endmacro %}


{% macro share(part, whole) -%}
    case when {{ whole }} > 0 then cast({{ part }} as double) / cast({{ whole }} as double) end
{%- endmacro %}


{#- The one place where the state of a figure is decided. -#}
{% macro figure_status(value, accepted, expected, share, threshold, is_own_submission) -%}
    case
        when {{ value }} is null then 'missing'
        when {{ is_own_submission }} then 'final'
        when {{ accepted }} >= {{ expected }} then 'final'
        when {{ share }} < {{ threshold }} then 'withheld'
        else 'partial'
    end
{%- endmacro %}


{#- Measures of the offence facts that are cumulative from 1 January. -#}
{% macro offence_measures() %}
    {{ return([
        'registered', 'ended', 'sent_to_court', 'interrupted', 'unsolved',
        'against_women', 'against_minors', 'public_place', 'street', 'domestic'
    ]) }}
{% endmacro %}


{#- A rate is formed from sums, never summed; without a scale the figure is the sum itself. -#}
{% macro indicator_value(numerator, denominator, scale) -%}
    case
        when {{ scale }} is null then cast({{ numerator }} as double)
        when {{ denominator }} > 0
            then {{ scale }} * cast({{ numerator }} as double) / cast({{ denominator }} as double)
    end
{%- endmacro %}
