-- Units summed to every territory they count towards.
with comparable as (
    select * from {{ ref('int_indicator_comparable') }}
),

warnings as (
    select * from {{ ref('int_indicator_warnings') }}
),

final as (
    select
        comparable.indicator_code,
        comparable.territory_kato,
        comparable.period_month,
        comparable.basis,
        sum(comparable.numerator) as numerator,
        sum(comparable.denominator) as denominator,
        count(comparable.numerator) as units_known,
        sum(case when comparable.numerator is not null then comparable.population end)
            as population_known,
        count(case when comparable.numerator is not null then comparable.population end)
            as units_known_with_population,
        sum(case when comparable.is_comparable then comparable.numerator end)
            as comparable_numerator,
        sum(case when comparable.is_comparable then comparable.denominator end)
            as comparable_denominator,
        sum(case when comparable.is_comparable then comparable.prior_numerator end)
            as prior_numerator,
        sum(case when comparable.is_comparable then comparable.prior_denominator end)
            as prior_denominator,
        sum(case when comparable.is_comparable then 1 else 0 end) as comparable_units,
        {{ sum_if_complete('comparable.value_printed') }} as value_printed,
        case
            when min(comparable.span_start) = max(comparable.span_start)
                then {{ sum_if_complete('comparable.span_value') }}
        end as span_value,
        case
            when min(comparable.span_start) = max(comparable.span_start)
                then min(comparable.span_start)
        end as span_start,
        case
            when min(comparable.span_start) = max(comparable.span_start)
                then max(comparable.span_months)
        end as span_months,
        max(case when comparable.depth = 0 then comparable.submission_id end) as submission_id,
        max(case when warnings.submission_id is not null then 1 else 0 end) = 1 as has_warning,
        max(case when comparable.verdict = 'accepted_with_warnings' then 1 else 0 end) = 1
            as has_submission_warning,
        max(comparable.received_at) as received_at_max
    from comparable
    left join warnings
        on
            comparable.indicator_code = warnings.indicator_code
            and comparable.submission_id = warnings.submission_id
            and comparable.unit_kato = warnings.territory_kato
    group by
        comparable.indicator_code,
        comparable.territory_kato,
        comparable.period_month,
        comparable.basis
)

select * from final
