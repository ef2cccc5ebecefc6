"""Sixty-four everyday captions, written for this project, to stand for “any query” in `hubs`."""

QUERY_BANK: tuple[str, ...] = tuple(
    """\
A person talks to the camera.
Two people sit at a table and talk.
A man walks down a street.
A woman smiles.
A crowd watches something.
Someone opens a door.
A close view of a face.
Hands hold a small object.
A child plays on the floor.
Several people stand in a room.
A car drives along a road.
Traffic moves through a city at night.
A train passes.
A boat on the water.
A plane in the sky.
An empty room.
A house seen from outside.
Tall buildings under a cloudy sky.
Trees move in the wind.
A field of grass on a sunny day.
Mountains in the distance.
Waves roll onto a beach.
Snow covers the ground.
A river runs through a forest.
Flowers in a garden.
The sun goes down.
A dog runs outside.
A cat lies on a sofa.
Birds fly.
A horse stands by a fence.
Fish swim under water.
Someone cooks in a kitchen.
A plate of food on a table.
A person drinks from a cup.
A hand cuts vegetables with a knife.
A meal in a restaurant.
A person works at a computer.
A screen shows text.
Words appear on a black background.
A chart or diagram.
A person writes on paper.
A lecture in a classroom.
Someone reads a book.
A phone call.
A band plays music on a stage.
A person sings.
People dance at a party.
A game is played with a ball.
A runner in a race.
Someone rides a bicycle.
A person lifts something heavy.
A swimmer jumps into a pool.
Workers on a building site.
A machine in a factory.
Someone repairs a device.
A shop with goods on shelves.
A doctor with a patient.
A person sleeps in bed.
Two people argue.
A couple hugs.
A person cries.
A cartoon character moves.
A view from above.
A blurred picture.""".splitlines()
)
