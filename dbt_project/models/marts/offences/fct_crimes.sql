with totals as (
    select * from {{ ref('int_offence_totals') }}
),

coverage as (
    select * from {{ ref('int_coverage') }}
),

offence_figures as (
    select
        totals.*,
        coverage.expected_units,
        coverage.received_units,
        coverage.on_time_units,
        coverage.population_expected,
        coverage.shown_from_units,
        coverage.shown_from_population,
        coverage.final_from_units,
        coverage.final_from_population,
        coverage.own_submission_id is not null as is_own_submission,
        case
            when totals.units_known = totals.units_known_with_population
                then totals.population_known
        end as population_complete
    from totals
    inner join coverage
        on
            totals.form_code = coverage.form_code
            and totals.territory_kato = coverage.territory_kato
            and totals.period_month = coverage.period_month
),

offence_shares as (
    select
        *,
        {{ share('accepted_units', 'expected_units') }} as coverage_share,
        {{ population_share(
            'accepted_units', 'expected_units', 'population_complete', 'population_expected'
        ) }} as population_coverage_share
    from offence_figures
),

offence_statuses as (
    select
        *,
        {{ figure_status('registered', 'is_lost_to_borders') }} as status
    from offence_shares
),

final as (
    select
        offence_code,
        territory_kato,
        period_month,
        basis,
        {% for measure in offence_measures() %}
            case when status != 'withheld' then cast({{ measure }} as bigint) end as {{ measure }},
        {% endfor %}
        case
            when is_own_submission or status in ('final', 'partial')
                then cast(registered_in_month_reported as bigint)
        end as registered_in_month_reported,
        status,
        case
            when status = 'withheld' then 'coverage_below_threshold'
            when status = 'partial' then 'coverage_incomplete'
            when status = 'missing' and is_lost_to_borders then 'border_change'
            when
                status = 'missing'
                and basis = 'month'
                and coalesce(span_start, period_month) != period_month
                then 'previous_month_missing'
            when status = 'missing' then 'cell_blank'
        end as status_reason,
        span_start,
        expected_units,
        received_units,
        on_time_units,
        cast(accepted_units as integer) as accepted_units,
        coverage_share,
        population_coverage_share,
        has_warning,
        submission_id,
        received_at_max
    from offence_statuses
)

select * from final
order by offence_code, basis, period_month, territory_kato
