with crimes as (
    select * from {{ ref('fct_crimes') }}
),

offences as (
    select * from {{ ref('dim_offence') }}
),

territories as (
    select * from {{ ref('dim_territory') }}
),

periods as (
    select * from {{ ref('dim_period') }}
),

totals as (
    select * from crimes
    where basis = 'ytd'
),

months as (
    select * from crimes
    where basis = 'month'
),

-- Like is compared with like: both years complete, and the territory the same on both days.
final as (
    select
        totals.offence_code,
        offences.offence_kind,
        offences.chapter,
        offences.severity,
        offences.line_order,
        offences.name_ru as offence_ru,
        coalesce(offences.name_kk, offences.name_ru) as offence_kk,
        offences.article,
        totals.territory_kato,
        territories.name_ru as territory_ru,
        territories.name_kk as territory_kk,
        territories.oblast_name_ru as region_ru,
        territories.oblast_name_kk as region_kk,
        case when territories.depth > 1 then territories.name_ru end as district_ru,
        case when territories.depth > 1 then territories.name_kk end as district_kk,
        territories.depth,
        totals.period_month,
        {{ period_label('periods') }} as period_label,
        periods.period_code * 10 + 9 - territories.depth as precedence,
        months.registered as month_registered,
        totals.registered as ytd_registered,
        case
            when
                totals.status = 'final'
                and last_year.status = 'final'
                and totals.expected_units = last_year.expected_units
                then last_year.registered
        end as ytd_prior_year,
        totals.ended,
        totals.interrupted,
        totals.unsolved,
        totals.sent_to_court,
        totals.against_women,
        totals.against_minors,
        totals.public_place,
        totals.street,
        totals.domestic,
        totals.status as ytd_status,
        totals.status_reason as ytd_status_reason
    from totals
    inner join offences on totals.offence_code = offences.offence_code
    inner join territories on totals.territory_kato = territories.territory_kato
    inner join periods on totals.period_month = periods.period_month
    left join months
        on
            totals.offence_code = months.offence_code
            and totals.territory_kato = months.territory_kato
            and totals.period_month = months.period_month
    left join totals as last_year
        on
            totals.offence_code = last_year.offence_code
            and totals.territory_kato = last_year.territory_kato
            and periods.prior_year_month = last_year.period_month
)

select * from final
order by period_month, territory_kato, line_order
