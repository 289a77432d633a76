with crimes as (
    select * from {{ ref('fct_crimes') }}
),

offences as (
    select * from {{ ref('dim_offence') }}
),

forms as (
    select * from {{ ref('int_offence_totals') }}
),

coverage as (
    select * from {{ ref('rpt_coverage') }}
),

territories as (
    select * from {{ ref('dim_territory') }}
),

periods as (
    select * from {{ ref('dim_period') }}
),

changes as (
    select * from {{ ref('int_territory_changes') }}
),

totals as (
    select * from crimes
    where basis = 'ytd'
),

months as (
    select * from crimes
    where basis = 'month'
),

-- Lines of a form in a month. Told month by month: years are computed apart from each other.
lines as (
    select distinct
        form_code,
        offence_code,
        period_month
    from forms
),

-- A territory without a report has no rows in the facts: without these its newest month would be
-- older than the one of the form.
silent as (
    select
        lines.offence_code,
        coverage.territory_kato,
        coverage.period_month,
        coverage.status,
        case when coverage.received_units > 0 then 'rejected' else 'not_received' end
            as status_reason
    from coverage
    inner join lines
        on
            coverage.form_code = lines.form_code
            and coverage.period_month = lines.period_month
    left join totals
        on
            lines.offence_code = totals.offence_code
            and coverage.territory_kato = totals.territory_kato
            and coverage.period_month = totals.period_month
    where coverage.status = 'missing' and totals.offence_code is null
),

shown as (
    select
        offence_code,
        territory_kato,
        period_month,
        status,
        status_reason
    from totals
    union all
    select * from silent
),

redrawn as (
    select distinct
        changes.territory_kato,
        periods.period_month
    from periods
    inner join changes
        on
            {{ month_end('periods.period_month') }} >= changes.changed_on
            and {{ first_of_year('periods.prior_year_month') }} < changes.changed_on
),

-- Like with like: both years complete, and no border of the territory moved between them.
compared as (
    select
        totals.offence_code,
        totals.territory_kato,
        territories.parent_kato,
        totals.period_month,
        totals.registered as ytd_comparable,
        last_year.registered as ytd_prior_year
    from totals
    inner join periods on totals.period_month = periods.period_month
    inner join territories on totals.territory_kato = territories.territory_kato
    inner join totals as last_year
        on
            totals.offence_code = last_year.offence_code
            and totals.territory_kato = last_year.territory_kato
            and periods.prior_year_month = last_year.period_month
    left join redrawn
        on
            totals.territory_kato = redrawn.territory_kato
            and totals.period_month = redrawn.period_month
    where
        totals.status = 'final'
        and last_year.status = 'final'
        and redrawn.territory_kato is null
),

-- What a territory that is not complete has to compare: its parts that are.
compared_parts as (
    select
        offence_code,
        parent_kato as territory_kato,
        period_month,
        cast(sum(ytd_comparable) as bigint) as ytd_comparable,
        cast(sum(ytd_prior_year) as bigint) as ytd_prior_year
    from compared
    group by offence_code, parent_kato, period_month
),

final as (
    select
        shown.offence_code,
        offences.offence_kind,
        offences.chapter,
        offences.severity,
        offences.is_drugs,
        offences.line_order,
        offences.name_ru as offence_ru,
        coalesce(offences.name_kk, offences.name_ru) as offence_kk,
        offences.article,
        shown.territory_kato,
        territories.label_ru as territory_ru,
        territories.label_kk as territory_kk,
        territories.oblast_name_ru as region_ru,
        territories.oblast_name_kk as region_kk,
        case when territories.depth > 1 then territories.label_ru end as district_ru,
        case when territories.depth > 1 then territories.label_kk end as district_kk,
        territories.depth,
        shown.period_month,
        {{ period_label('periods') }} as period_label,
        {{ precedence('periods', 'territories') }} as precedence,
        months.registered as month_registered,
        totals.registered as ytd_registered,
        coalesce(compared.ytd_comparable, compared_parts.ytd_comparable) as ytd_comparable,
        coalesce(compared.ytd_prior_year, compared_parts.ytd_prior_year) as ytd_prior_year,
        totals.ended,
        totals.interrupted,
        totals.unsolved,
        totals.sent_to_court,
        totals.against_women,
        totals.against_minors,
        totals.public_place,
        totals.street,
        totals.domestic,
        shown.status as ytd_status,
        shown.status_reason as ytd_status_reason
    from shown
    inner join offences on shown.offence_code = offences.offence_code
    inner join territories on shown.territory_kato = territories.territory_kato
    inner join periods on shown.period_month = periods.period_month
    left join totals
        on
            shown.offence_code = totals.offence_code
            and shown.territory_kato = totals.territory_kato
            and shown.period_month = totals.period_month
    left join months
        on
            shown.offence_code = months.offence_code
            and shown.territory_kato = months.territory_kato
            and shown.period_month = months.period_month
    left join compared
        on
            shown.offence_code = compared.offence_code
            and shown.territory_kato = compared.territory_kato
            and shown.period_month = compared.period_month
    left join compared_parts
        on
            shown.offence_code = compared_parts.offence_code
            and shown.territory_kato = compared_parts.territory_kato
            and shown.period_month = compared_parts.period_month
)

select * from final
order by period_month, territory_kato, line_order
